using System.Collections.Frozen;

namespace SecondOpinion.Matching.Choosing;

/// <summary>
/// R38 keeps several codes for one specialty (reforms of 2004 and 2017): they are compared by the canonical one of the catalogue's table, so that nobody who
/// is registered under an older code is lost.
/// </summary>
internal static class Specialties
{
    private static readonly FrozenDictionary<string, string> Canonicals =
        ShippedTable.Rows("Choosing/specialties.csv").ToFrozenDictionary(r => r[0], r => r[2]);

    /// <summary>A code that the table does not have stands for itself.</summary>
    public static string Canonical(string code) => Canonicals.GetValueOrDefault(code, code);
}
