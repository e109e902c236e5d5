using Dapper;
using Npgsql;

namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// Convergence by pathology: how practice differs from disease to disease and over the years. Pathologies of few people are told together, never by
/// themselves.
/// </summary>
/// <param name="Year">Year of delivery.</param>
/// <param name="Pathology">Code of the catalogue; null for all the others together.</param>
/// <param name="Converging">Opinions that changed neither diagnosis nor treatment.</param>
/// <param name="Diverging">The others.</param>
internal sealed record PathologyConvergence(int Year, string? Pathology, long Converging, long Diverging)
{
    /// <summary>More would be a list and no picture.</summary>
    private const int MostShown = 20;

    private bool IsShowable => Converging >= SmallGroups.Fewest && Diverging >= SmallGroups.Fewest;

    public static async Task<IReadOnlyList<PathologyConvergence>> Read(NpgsqlConnection db, object period) =>
        [.. (await db.QueryAsync<PathologyConvergence>(Sql, period)).GroupBy(row => row.Year).SelectMany(year => Together(year.Key, [.. year]))];

    /// <summary>
    /// The most frequent ones by themselves, as long as those who converge and those who do not are eleven or more; all others in one group, for which the
    /// same holds: as long as it does not, one more goes into it, in the order of the alphabet.
    /// </summary>
    public static IReadOnlyList<PathologyConvergence> Together(int year, IReadOnlyList<PathologyConvergence> all)
    {
        var shown = all.Where(row => row.Pathology is not null && row.IsShowable)
            .OrderByDescending(row => row.Converging + row.Diverging).ThenBy(row => row.Pathology, StringComparer.Ordinal)
            .Take(MostShown).OrderBy(row => row.Pathology, StringComparer.Ordinal).ToList();
        var others = Sum(year, all.Except(shown));
        while (others.Converging + others.Diverging > 0 && !others.IsShowable && shown.Count > 0)
        {
            others = Sum(year, [others, shown[0]]);
            shown.RemoveAt(0);
        }

        return others.IsShowable ? [.. shown, others] : shown;
    }

    private static PathologyConvergence Sum(int year, IEnumerable<PathologyConvergence> rows) =>
        rows.Aggregate(new PathologyConvergence(year, null, 0, 0), (sum, row) =>
            sum with { Converging = sum.Converging + row.Converging, Diverging = sum.Diverging + row.Diverging });

    private const string Sql =
        """
        select
          (@Years)[width_bucket(delivered_at, @Begins)] as year,
          pathology_code as pathology,
          count(*) filter (where diagnosis <> @Changed and treatment <> @Changed) as converging,
          count(*) filter (where diagnosis = @Changed or treatment = @Changed) as diverging
        from case_fact
        where delivered_at >= @From and delivered_at < @Until and outcome_version > 0
        group by 1, 2
        """;
}
