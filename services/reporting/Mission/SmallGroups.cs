namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// What is shown of a total that is cut into groups (docs/decisions/0116). A group of fewer than eleven is hidden; so that it cannot be had by subtraction,
/// reserve groups are hidden with it: always the same ones, in a fixed order, until eleven people are hidden together. Which ones says nothing about how many,
/// so even somebody who knows this rule is left with at least eleven possible counts for each hidden group (a test tries).
/// </summary>
internal static class SmallGroups
{
    public const int Fewest = 11;

    /// <param name="counts">People of each group; the first ones are the reserve, in their order.</param>
    /// <returns>The same; null where hidden.</returns>
    public static IReadOnlyList<long?> Shown(IReadOnlyList<long> counts)
    {
        var hidden = counts.Select(count => count < Fewest).ToArray();
        if (!hidden.Contains(true))
        {
            return [.. counts.Select(count => (long?)count)];
        }

        hidden[0] = true;
        for (var reserve = 1; reserve < counts.Count; reserve++)
        {
            if (hidden.Count(h => h) > 1 && counts.Where((_, i) => hidden[i]).Sum() >= Fewest)
            {
                break;
            }

            hidden[reserve] = true;
        }

        return [.. counts.Select((count, i) => hidden[i] ? (long?)null : count)];
    }

    /// <summary>Whether a share may be shown: both those who are in it and those who are not are eleven or more.</summary>
    public static bool Showable(long part, long whole) => part >= Fewest && whole - part >= Fewest;
}
