using System.Reflection;

namespace SecondOpinion.Intake;

/// <summary>
/// Reads the tables that are shipped inside the assembly: UTF-8, <c>;</c> between cells, a header row, no quotes. Our own files only, so anything unexpected
/// stops the start.
/// </summary>
internal static class DataFile
{
    /// <exception cref="InvalidDataException">A line has another number of cells than the header, or a quote.</exception>
    public static IEnumerable<IReadOnlyDictionary<string, string>> Rows(string name)
    {
        using var text = new StreamReader(Open(name));
        var header = text.ReadLine()!.Split(';');
        for (var number = 2; text.ReadLine() is { } line; number++)
        {
            var cells = line.Split(';');
            if (cells.Length != header.Length || line.Contains('"'))
            {
                throw new InvalidDataException($"{name}, line {number}: {cells.Length} cells for {header.Length} columns, or a quote.");
            }

            yield return header.Zip(cells).ToDictionary(c => c.First, c => c.Second.Trim());
        }
    }

    public static string[] List(string cell) => cell.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static Stream Open(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidDataException($"{name} is not in the assembly.");
}
