using System.Reflection;
using System.Text;

namespace SecondOpinion.Intake;

/// <summary>
/// Reads the tables that are shipped inside the assembly: UTF-8, <c>;</c> between cells, a header row; a cell that holds a <c>;</c> stands in quotes.
/// Our own files only, so anything unexpected stops the start.
/// </summary>
internal static class DataFile
{
    /// <exception cref="InvalidDataException">A line has another number of cells than the header, or an open quote.</exception>
    public static IEnumerable<IReadOnlyDictionary<string, string>> Rows(string name)
    {
        using var text = new StreamReader(Open(name));
        return Rows(name, text);
    }

    internal static IReadOnlyList<IReadOnlyDictionary<string, string>> Rows(string name, TextReader text)
    {
        var rows = new List<IReadOnlyDictionary<string, string>>();
        var header = Cells(text.ReadLine()!, name, 1);
        for (var number = 2; text.ReadLine() is { } line; number++)
        {
            var cells = Cells(line, name, number);
            if (cells.Count != header.Count)
            {
                throw new InvalidDataException($"{name}, line {number}: {cells.Count} cells for {header.Count} columns.");
            }

            rows.Add(header.Zip(cells).ToDictionary(c => c.First, c => c.Second.Trim()));
        }

        return rows;
    }

    public static string[] List(string cell) => cell.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static Stream Open(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidDataException($"{name} is not in the assembly.");

    private static List<string> Cells(string line, string name, int number)
    {
        var cells = new List<string>();
        var cell = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '"' when quoted && i + 1 < line.Length && line[i + 1] == '"':
                    cell.Append('"');
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case ';' when !quoted:
                    cells.Add(cell.ToString());
                    cell.Clear();
                    break;
                default:
                    cell.Append(line[i]);
                    break;
            }
        }

        if (quoted)
        {
            throw new InvalidDataException($"{name}, line {number}: a quote is not closed.");
        }

        cells.Add(cell.ToString());
        return cells;
    }
}
