using System.Collections.Frozen;

namespace SecondOpinion.Intake.Geography;

/// <summary>
/// Communes of the official geographic code (COG 2026), Paris, Lyon and Marseille also by arrondissement. The département comes from here and never from
/// a post code: post codes straddle départements, and 20xxx does not tell the two of Corsica apart.
/// </summary>
internal sealed class Communes
{
    private readonly FrozenDictionary<string, (string Name, string Department)> _byCode;
    private readonly FrozenDictionary<string, string> _departments;

    private Communes(FrozenDictionary<string, (string, string)> byCode, FrozenDictionary<string, string> departments)
    {
        _byCode = byCode;
        _departments = departments;
    }

    /// <summary>Code of the département (01…95, 2A, 2B, 971…), or null when the commune does not exist.</summary>
    public string? DepartmentOf(string communeCode) => _byCode.TryGetValue(communeCode, out var commune) ? commune.Department : null;

    public string? NameOf(string communeCode) => _byCode.TryGetValue(communeCode, out var commune) ? commune.Name : null;

    public string? DepartmentName(string departmentCode) => _departments.GetValueOrDefault(departmentCode);

    public static Communes Load() => new(
        Lines("communes").ToFrozenDictionary(cells => cells[0], cells => (cells[1], cells[2]), StringComparer.Ordinal),
        Lines("departments").ToFrozenDictionary(cells => cells[0], cells => cells[1], StringComparer.Ordinal));

    /// <summary>35,000 lines at each start: split, without a dictionary a line.</summary>
    private static IEnumerable<string[]> Lines(string file)
    {
        using var text = new StreamReader(DataFile.Open($"Geography/{file}.csv"));
        text.ReadLine();
        while (text.ReadLine() is { } line)
        {
            yield return line.Split(';');
        }
    }
}
