using System.Globalization;

namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// Compares what was published with what is computed. Nothing is corrected: a published figure that differs by more than its own rounding, and groups that do
/// not add up, are said to be in doubt.
/// </summary>
internal static class PublishedFigures
{
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    public static IReadOnlyList<MissionReport.MissionDoubt> Doubts(
        IReadOnlyList<MissionReport.MissionLine> lines, IReadOnlyDictionary<int, DeclaredYear> declared)
    {
        var computed = lines.SelectMany(line => line.Values.Select(value => (line, value)))
            .ToDictionary(c => (c.value.Year, c.line.Indicator, c.line.Group), c => (c.line.Label, c.value));
        var doubts = new List<MissionReport.MissionDoubt>();
        foreach (var (year, figure) in declared.OrderBy(d => d.Key).SelectMany(d => d.Value.Published.Select(f => (d.Key, f))))
        {
            if (!computed.TryGetValue((year, figure.Indicator, figure.Group), out var own) || Agrees(figure.Value, own.value.Value))
            {
                continue;
            }

            doubts.Add(new(year, figure.Indicator, figure.Group, "differs",
                $"{own.Label}, {year}\u00A0: {figure.Value.ToString(French)} publié, {own.value.Text} calculé."));
        }

        return [.. Sums(declared), .. doubts];
    }

    /// <summary>Rounded parts of a whole may miss 100 by half a unit each, and no more.</summary>
    private static IEnumerable<MissionReport.MissionDoubt> Sums(IReadOnlyDictionary<int, DeclaredYear> declared) =>
        from year in declared.OrderBy(d => d.Key)
        from split in year.Value.Published.Where(f => f.Group is not null).GroupBy(f => f.Indicator)
        where split.Count() == MissionReport.GroupsOf(split.Key).Count
        let sum = split.Sum(f => f.Value)
        where Math.Abs(sum - 100) > split.Sum(f => HalfUnit(f.Value))
        select new MissionReport.MissionDoubt(year.Key, split.Key, null, "sum",
            $"{MissionCatalogue.All.Single(i => i.Code == split.Key).Label}, {year.Key}\u00A0: les parts publiées "
                + $"totalisent {sum.ToString(French)}\u00A0% au lieu de 100\u00A0%.");

    private static bool Agrees(decimal published, double? computed) =>
        computed is { } value && Math.Abs(published - (decimal)value) <= HalfUnit(published);

    /// <summary>Half of the last decimal that was printed: 0.05 for 97.1, 0.5 for 69.</summary>
    private static decimal HalfUnit(decimal published) => new(5, 0, 0, isNegative: false, (byte)(published.Scale + 1));
}
