using System.Collections.Frozen;

namespace SecondOpinion.Matching.Choosing;

/// <summary>
/// Two sites of one legal entity are one house: who works at one hospital of the AP-HP is not independent of another. Source: DREES, SAE 2023 (3,975 sites);
/// a number that is not in it, such as a practice's, stands for itself.
/// </summary>
internal static class LegalEntities
{
    private static readonly FrozenDictionary<string, string> Entities =
        ShippedTable.Rows("Choosing/legal-entities.csv").ToFrozenDictionary(r => r[0], r => r[1]);

    /// <param name="finess">Number of a site or of a legal entity: people write either.</param>
    public static string Of(string finess) => Entities.GetValueOrDefault(finess, finess);
}
