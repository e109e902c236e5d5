using System.Globalization;

namespace SecondOpinion.Billing.Partners;

/// <summary>
/// Counts of people as an insurer may see them. Below eleven a count is only "fewer than eleven"; from there it goes in steps of eleven. A total adds what is
/// shown, never what is hidden. So a hidden count has no influence on anything that is shown: no subtraction, and no second question, brings it out.
/// </summary>
internal static class SmallCounts
{
    public const int Smallest = 11;
    public const string Hidden = "<11";

    /// <summary>The part of a count that may be used for anything that is shown.</summary>
    public static long Usable(long people) => people - people % Smallest;

    public static string Shown(long people) => Usable(people) == 0 ? Hidden : Usable(people).ToString(CultureInfo.InvariantCulture);

    public static string Total(IEnumerable<long> parts) => Shown(parts.Sum(Usable));
}
