using System.Data;
using Dapper;
using Npgsql;

namespace SecondOpinion.Reporting.Mission;

/// <summary>The mission report of a civil year: every figure computed, with the two years before it, its definition and what was declared.</summary>
/// <param name="Year">The civil year, in Paris.</param>
/// <param name="Commitments">The four commitments with their figures.</param>
/// <param name="Members">The mission's committee.</param>
/// <param name="Conclusion">The committee's conclusion; empty for none.</param>
/// <param name="Notes">What each figure means; a line's note is its number here, from 1.</param>
/// <param name="Doubts">Where a published figure differs from the computed one, or contradicts itself.</param>
/// <param name="Seal">What proves that nobody changed it.</param>
internal sealed record MissionReport(
    int Year, IReadOnlyList<MissionReport.CommitmentFigures> Commitments, IReadOnlyList<CommitteeMember> Members, string Conclusion,
    IReadOnlyList<MissionReport.MissionNote> Notes, IReadOnlyList<MissionReport.MissionDoubt> Doubts, MissionReport.ReportSeal Seal)
{
    public const int FirstYear = 2000;
    public const int LastYear = 2100;

    /// <summary>One commitment of the mission.</summary>
    /// <param name="Number">1 to 4.</param>
    /// <param name="Title">As the statutes word it; French.</param>
    /// <param name="Lines">Its indicators.</param>
    /// <param name="Comment">What the committee says; empty for nothing.</param>
    public sealed record CommitmentFigures(int Number, string Title, IReadOnlyList<MissionLine> Lines, string Comment);

    /// <summary>An indicator, or one group of an indicator that is cut into groups, over three years.</summary>
    /// <param name="Indicator">Code of the indicator.</param>
    /// <param name="Group">Code of the group; null for a whole.</param>
    /// <param name="Label">As printed; French.</param>
    /// <param name="Values">The year before the last, the last, and the report's year.</param>
    /// <param name="Target">What was aimed at for the report's year; null for nothing.</param>
    /// <param name="Note">Number of its note.</param>
    public sealed record MissionLine(string Indicator, string? Group, string Label, IReadOnlyList<MissionValue> Values, string? Target, int Note);

    /// <summary>A figure of a year.</summary>
    /// <param name="Year">The civil year.</param>
    /// <param name="Value">A count, or a share in percent with one decimal; null when there is nothing to tell or it is hidden.</param>
    /// <param name="Text">As printed; French.</param>
    /// <param name="Of">People or answers that a share is taken of; null for a count, and below eleven.</param>
    /// <param name="Low">Lower end of the 95 % interval of a share of answers; null otherwise.</param>
    /// <param name="High">Upper end.</param>
    public sealed record MissionValue(int Year, double? Value, string Text, long? Of = null, double? Low = null, double? High = null);

    /// <summary>What a figure means.</summary>
    /// <param name="Number">From 1.</param>
    /// <param name="Indicator">Code of the indicator.</param>
    /// <param name="Version">Of the definition; figures of two versions are not compared.</param>
    /// <param name="Definition">What is counted and how; French.</param>
    /// <param name="Population">Of whom or what; French.</param>
    /// <param name="Source">Where it comes from; French.</param>
    public sealed record MissionNote(int Number, string Indicator, int Version, string Definition, string Population, string Source);

    /// <summary>A published figure that does not hold.</summary>
    /// <param name="Year">For which it was published.</param>
    /// <param name="Indicator">Code of the indicator.</param>
    /// <param name="Group">Code of the group; null for a whole, or for all of them together.</param>
    /// <param name="Kind"><c>differs</c> (from the computed figure) or <c>sum</c> (groups that do not add up to 100 %).</param>
    /// <param name="Sentence">What is wrong; French.</param>
    public sealed record MissionDoubt(int Year, string Indicator, string? Group, string Kind, string Sentence);

    /// <summary>SHA-256 over the report's content and the program that made it: the same data and program give the same bytes.</summary>
    /// <param name="Data">Of the content alone, in hexadecimal.</param>
    /// <param name="Program">Version of the program.</param>
    /// <param name="Sha256">Of both, in hexadecimal: printed on the report.</param>
    public sealed record ReportSeal(string Data, string Program, string Sha256);

    public static bool IsYear(int year) => year is >= FirstYear and <= LastYear;

    /// <summary>Groups of an indicator that is cut into groups; none for a whole.</summary>
    public static IReadOnlyList<string?> GroupsOf(string indicator) =>
        indicator == MissionCatalogue.DepartmentClass.Code ? [.. MissionCatalogue.DepartmentClassNames.Select(g => g.Code)]
        : indicator == MissionCatalogue.Category.Code ? [.. MissionCatalogue.Categories.Select(g => g.Code)]
        : indicator == MissionCatalogue.Pcs.Code ? [.. MissionCatalogue.PcsGroups.Select(g => g.Code)]
        : [];

    public static async Task<MissionReport> Make(NpgsqlDataSource dataSource, int year, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        // One snapshot: the figures of one report must fit together while events keep coming.
        await using var snapshot = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        var table = await db.QuerySingleOrDefaultAsync<ClassTable>(
            "select version, year, source, decided_by from department_class_version order by version desc limit 1");
        var counts = await YearCounts.Read(db, year, table?.Version ?? 0);
        var declared = (await DeclaredYear.ReadAll(db, year)).ToDictionary(d => d.Key, d => d.Value.Content);
        return Compose(year, counts, declared, table);
    }

    private static MissionReport Compose(
        int year, IReadOnlyList<YearCounts> counts, Dictionary<int, DeclaredYear> declared, ClassTable? table)
    {
        var own = declared.GetValueOrDefault(year, DeclaredYear.Nothing);
        var notes = MissionCatalogue.All.Select((indicator, i) => new MissionNote(
            i + 1, indicator.Code, indicator.Definition.Version, indicator.Definition.Fr, indicator.Population,
            indicator == MissionCatalogue.DepartmentClass ? $"{indicator.Source} {Of(table)}" : indicator.Source)).ToList();
        var noteOf = notes.ToDictionary(n => n.Indicator, n => n.Number);
        var targets = own.Targets.ToDictionary(t => t.Indicator, t => t.Text);
        var lines = MissionLines.Of(counts, declared)
            .Select(line => new MissionLine(line.Indicator.Code, line.Group, line.Label, line.Values, targets.GetValueOrDefault(line.Indicator.Code),
                noteOf[line.Indicator.Code])).ToList();
        var commitmentOf = MissionCatalogue.All.ToDictionary(i => i.Code, i => i.Commitment);
        var commitments = MissionCatalogue.Commitments.Select((title, i) => new CommitmentFigures(
            i + 1, title, [.. lines.Where(l => commitmentOf[l.Indicator] == i + 1)],
            own.Comments.SingleOrDefault(c => c.Commitment == i + 1)?.Text ?? "")).ToList();
        var unsealed = new MissionReport(
            year, commitments, own.Members, own.Conclusion, notes, PublishedFigures.Doubts(lines, declared), new ReportSeal("", "", ""));
        return unsealed with { Seal = Sealing.Of(unsealed) };
    }

    private static string Of(ClassTable? table) => table is null
        ? "Aucune table n'est chargée : rien n'est publié."
        : $"Table {table.Version} : {table.Source} ({table.Year}), décidée par {table.DecidedBy}.";

    private sealed record ClassTable(int Version, int Year, string Source, string DecidedBy);
}
