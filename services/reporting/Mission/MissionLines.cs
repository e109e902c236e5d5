using System.Globalization;

namespace SecondOpinion.Reporting.Mission;

/// <summary>One line of the report before it has its target and note.</summary>
internal sealed record IndicatorLine(MissionIndicator Indicator, string? Group, string Label, IReadOnlyList<MissionReport.MissionValue> Values);

/// <summary>Makes the report's lines of counts: shares in percent with one decimal, growth, hidden groups, and the register.</summary>
internal static class MissionLines
{
    private const string Hidden = "non publié (moins de 11)";
    private const string Nothing = "–";
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    public static IEnumerable<IndicatorLine> Of(IReadOnlyList<YearCounts> years, IReadOnlyDictionary<int, DeclaredYear> declared)
    {
        IndicatorLine Line(MissionIndicator indicator, Func<YearCounts, MissionReport.MissionValue> value) =>
            new(indicator, null, indicator.Label, [.. years.Select(value)]);
        IndicatorLine Listed(MissionIndicator indicator, Func<int, IReadOnlyList<string>> names) =>
            Line(indicator, y => Named(y.Year, names(y.Year)));
        DeclaredYear In(int year) => declared.GetValueOrDefault(year, DeclaredYear.Nothing);
        IReadOnlyList<string> Titles(int year, Func<string, bool> kind) => [.. In(year).Actions.Where(a => kind(a.Kind)).Select(a => a.Title)];

        yield return Line(MissionCatalogue.Beneficiaries, y => Count(y.Year, y.Beneficiaries));
        yield return Line(MissionCatalogue.OpinionCount, y => People(y.Year, y.Opinions));
        yield return Line(MissionCatalogue.OpinionGrowth, Growth);
        yield return Line(MissionCatalogue.Recommendation, y => Share(y.Year, y.Recommendation.Recommending, y.Recommendation.NotRecommending, sample: true));
        yield return Line(MissionCatalogue.StudyAnswers, y => People(y.Year, y.Study.Answers));
        yield return Line(MissionCatalogue.StudyRate, y => Share(y.Year, y.Study.Answers, y.Study.Asked - y.Study.Answers));
        yield return Listed(MissionCatalogue.Studies, year => Titles(year, kind => kind == DeclaredYear.Study));
        yield return Line(MissionCatalogue.Convergence, y => Share(y.Year, y.Cases.Converging, y.Cases.Outcomes - y.Cases.Converging));
        foreach (var line in Pathologies(years))
        {
            yield return line;
        }

        yield return Line(MissionCatalogue.TreatingPhysicianAware, y => Share(y.Year, y.Cases.Aware, y.Cases.Unaware));
        yield return Line(MissionCatalogue.OperationsAvoided, y => Share(y.Year, y.Study.Avoided, y.Study.NotAvoided, sample: true));
        foreach (var line in Groups(MissionCatalogue.DepartmentClass, MissionCatalogue.DepartmentClassNames, years, y => y.Cases.Classes))
        {
            yield return line;
        }

        foreach (var line in Groups(MissionCatalogue.Category, MissionCatalogue.Categories, years, y => y.Cases.Categories))
        {
            yield return line;
        }

        foreach (var line in Pcs(years))
        {
            yield return line;
        }

        yield return Line(MissionCatalogue.Disability, y => Share(y.Year, y.Cases.Disabled, y.Cases.NotDisabled));
        yield return Line(MissionCatalogue.Referred, y => Share(y.Year, y.Cases.Referred, y.Cases.NotReferred));
        yield return Listed(MissionCatalogue.Establishments, year => NewPartners(declared, year, DeclaredYear.Establishment));
        yield return Listed(MissionCatalogue.Associations, year => NewPartners(declared, year, DeclaredYear.Association));
        yield return Listed(MissionCatalogue.Actions, year => Titles(year, kind => kind is not (DeclaredYear.Study or DeclaredYear.Pilot)));
        yield return Line(MissionCatalogue.PeopleReached, y => Count(
            y.Year, In(y.Year).Actions.Where(a => a.Kind is not (DeclaredYear.Study or DeclaredYear.Pilot)).Sum(a => (long)(a.People ?? 0))));
        yield return Listed(MissionCatalogue.Pilots, year => Titles(year, kind => kind == DeclaredYear.Pilot));
    }

    /// <summary>Each group's share of all who told; the hidden ones are hidden in every line of the year.</summary>
    private static IEnumerable<IndicatorLine> Groups(
        MissionIndicator indicator, IReadOnlyList<(string Code, string Label)> groups, IReadOnlyList<YearCounts> years,
        Func<YearCounts, IReadOnlyList<long>> counts)
    {
        var shown = years.Select(y => (y.Year, Of: counts(y).Sum(), Groups: SmallGroups.Shown(counts(y)))).ToList();
        return groups.Select((group, i) => new IndicatorLine(
            indicator, group.Code, group.Label, [.. shown.Select(y => Part(y.Year, y.Groups[i], y.Of))]));
    }

    /// <summary>A line for each pathology that may be told by itself in one of the years, and one for all the others.</summary>
    private static IEnumerable<IndicatorLine> Pathologies(IReadOnlyList<YearCounts> years) => years.SelectMany(y => y.Pathologies).Select(row => row.Pathology)
        .Distinct().OrderBy(code => code is null).ThenBy(code => code, StringComparer.Ordinal)
        .Select(code => new IndicatorLine(
            MissionCatalogue.ConvergenceByPathology, code ?? "others", $"Convergence\u00A0: {code ?? "autres pathologies"}",
            [.. years.Select(y => y.Pathologies.SingleOrDefault(row => row.Pathology == code) is { } row
                ? Percent(y.Year, row.Converging, row.Converging + row.Diverging) : new MissionReport.MissionValue(y.Year, null, Nothing))]));

    /// <summary>
    /// INSEE's grid is shown whole or not at all: it cuts the people of the mission's grid otherwise, and both together would undo the hiding.
    /// </summary>
    private static IEnumerable<IndicatorLine> Pcs(IReadOnlyList<YearCounts> years)
    {
        var shown = years.Select(y => (y.Year, Of: y.Cases.PcsGroups.Sum(), y.Cases.PcsGroups, Whole: y.Cases.PcsGroups.All(n => n >= SmallGroups.Fewest)))
            .ToList();
        return MissionCatalogue.PcsGroups.Select((group, i) => new IndicatorLine(
            MissionCatalogue.Pcs, group.Code, $"{group.Label} (population : {group.Population.ToString("0.0", French)}\u00A0%)",
            [.. shown.Select(y => Part(y.Year, y.Whole ? y.PcsGroups[i] : null, y.Of))]));
    }

    private static MissionReport.MissionValue Part(int year, long? part, long of)
    {
        if (of == 0)
        {
            return new(year, null, Nothing);
        }

        return part is { } known ? Percent(year, known, of) : new(year, null, Hidden, of < SmallGroups.Fewest ? null : of);
    }

    /// <param name="sample">Of answers, which are a sample of all who could have answered: with its interval.</param>
    private static MissionReport.MissionValue Share(int year, long part, long rest, bool sample = false)
    {
        var of = part + rest;
        if (of <= 0 || rest < 0)
        {
            return new(year, null, Nothing);
        }

        if (!SmallGroups.Showable(part, of))
        {
            return new(year, null, Hidden, of < SmallGroups.Fewest ? null : of);
        }

        var value = Percent(year, part, of);
        if (!sample)
        {
            return value;
        }

        var (low, high) = Wilson(part, of);
        return value with { Low = low, High = high };
    }

    private static MissionReport.MissionValue Percent(int year, long part, long of)
    {
        var percent = Math.Round(100.0 * part / of, 1, MidpointRounding.AwayFromZero);
        return new(year, percent, $"{percent.ToString("0.0", French)}\u00A0%", of);
    }

    private static MissionReport.MissionValue Growth(YearCounts y)
    {
        if (y.OpinionsBefore == 0)
        {
            return new(y.Year, null, Nothing);
        }

        if (y.Opinions < SmallGroups.Fewest || y.OpinionsBefore < SmallGroups.Fewest)
        {
            return new(y.Year, null, Hidden);
        }

        var percent = Math.Round(100.0 * (y.Opinions - y.OpinionsBefore) / y.OpinionsBefore, 1, MidpointRounding.AwayFromZero);
        return new(y.Year, percent, percent.ToString("+0.0;−0.0;0.0", French) + "\u00A0%");
    }

    private static MissionReport.MissionValue People(int year, long people) => people == 0 ? new(year, 0, "0")
        : people < SmallGroups.Fewest ? new(year, null, Hidden) : Count(year, people);

    private static MissionReport.MissionValue Count(int year, long count) => new(year, count, count.ToString("N0", French));

    private static MissionReport.MissionValue Named(int year, IReadOnlyList<string> names) =>
        new(year, names.Count, names.Count == 0 ? "0" : $"{names.Count} : {string.Join(", ", names)}");

    /// <summary>The 95 % interval of a share that was seen in <paramref name="of"/> answers (Wilson 1927), in percent.</summary>
    private static (double Low, double High) Wilson(long part, long of)
    {
        const double Z = 1.959964;
        double n = of, p = part / n;
        var middle = p + Z * Z / (2 * n);
        var spread = Z * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        var scale = 1 + Z * Z / n;
        return (Math.Round(100 * (middle - spread) / scale, 1), Math.Round(100 * (middle + spread) / scale, 1));
    }

    /// <summary>Who signed in the year and in no year before; once, however often.</summary>
    private static IReadOnlyList<string> NewPartners(IReadOnlyDictionary<int, DeclaredYear> declared, int year, string kind)
    {
        IEnumerable<string> Signed(DeclaredYear of) => of.Partnerships.Where(p => p.Kind == kind).Select(p => p.Name);
        var before = declared.Where(d => d.Key < year).SelectMany(d => Signed(d.Value)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. Signed(declared.GetValueOrDefault(year, DeclaredYear.Nothing)).Where(name => !before.Contains(name))
            .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
    }
}
