using System.Reflection;

namespace SecondOpinion.Matching.Choosing;

/// <summary>Reads a table that is shipped inside the assembly: cells between <c>;</c>, remarks after <c>#</c>, then a header row.</summary>
internal static class ShippedTable
{
    public static IEnumerable<string[]> Rows(string name)
    {
        using var text = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidDataException($"{name} is not in the assembly."));
        return [.. Lines(text).Where(l => l.Length > 0 && l[0] != '#').Skip(1).Select(l => l.Split(';'))];
    }

    private static IEnumerable<string> Lines(StreamReader text)
    {
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
