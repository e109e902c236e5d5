using System.Data;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace SecondOpinion.Reporting.Indicators;

/// <summary>
/// The mission's indicators, each with its definition. For operations and the scientific council only: small counts are shown as they are, which is why no
/// insurer may read them.
/// </summary>
internal static class ReadIndicators
{
    /// <summary>The mission's indicators.</summary>
    /// <param name="LastEventAt">When the latest event was recorded; null before the first one.</param>
    /// <param name="OpenedFrom">First day of opening that counts (UTC); null for no limit.</param>
    /// <param name="OpenedTo">Last day of opening that counts (UTC); null for no limit.</param>
    /// <param name="CasesByState">Where the cases stand.</param>
    /// <param name="OpinionsDelivered">How many opinions were delivered.</param>
    /// <param name="SubmissionToDelivery">How long patients waited.</param>
    /// <param name="CompletionToDelivery">How long experts took.</param>
    /// <param name="WithinSevenDays">How often the 7-day promise was kept.</param>
    /// <param name="Convergence">How often the opinion agreed with the first one; never a target.</param>
    /// <param name="DepartmentClasses">Whether the service reaches places that lack physicians.</param>
    public sealed record IndicatorReport(
        DateTimeOffset? LastEventAt, DateOnly? OpenedFrom, DateOnly? OpenedTo, CasesByState CasesByState, OpinionsDelivered OpinionsDelivered,
        DelayIndicator SubmissionToDelivery, DelayIndicator CompletionToDelivery, RateIndicator WithinSevenDays, ConvergenceIndicator Convergence,
        DepartmentShares DepartmentClasses);

    /// <summary>Where the cases stand.</summary>
    /// <param name="Definition">What is counted and how.</param>
    /// <param name="Total">All cases.</param>
    /// <param name="States">One line for each state that has cases.</param>
    public sealed record CasesByState(IndicatorDefinition Definition, long Total, IReadOnlyList<StateCount> States);

    /// <summary>Cases in one state.</summary>
    /// <param name="State">State of the case.</param>
    /// <param name="Cases">How many.</param>
    public sealed record StateCount(string State, long Cases);

    /// <summary>How many cases have their opinion.</summary>
    /// <param name="Definition">What is counted and how.</param>
    /// <param name="Opinions">How many.</param>
    public sealed record OpinionsDelivered(IndicatorDefinition Definition, long Opinions);

    /// <summary>How long something takes.</summary>
    /// <param name="Definition">From what to what.</param>
    /// <param name="Cases">Delivered cases that the delays are taken from.</param>
    /// <param name="MedianHours">Half of the cases took at most this; null without cases.</param>
    /// <param name="P90Hours">Nine in ten took at most this; null without cases.</param>
    public sealed record DelayIndicator(IndicatorDefinition Definition, long Cases, double? MedianHours, double? P90Hours);

    /// <summary>How often a promise is kept.</summary>
    /// <param name="Definition">What is counted and how.</param>
    /// <param name="Cases">Cases in which it was kept.</param>
    /// <param name="Of">Cases that are compared.</param>
    /// <param name="Rate">From 0 to 1; null when there is nothing to divide by.</param>
    public sealed record RateIndicator(IndicatorDefinition Definition, long Cases, long Of, double? Rate);

    /// <summary>How often the opinion agrees with the first one.</summary>
    /// <param name="Definition">What is counted and how.</param>
    /// <param name="Notice">To be shown wherever the rate is shown.</param>
    /// <param name="Converging">Opinions whose latest version confirms both diagnosis and treatment.</param>
    /// <param name="Opinions">All opinions.</param>
    /// <param name="Rate">Share of the opinions, from 0 to 1; null without opinions.</param>
    public sealed record ConvergenceIndicator(IndicatorDefinition Definition, IndicatorDefinition Notice, long Converging, long Opinions, double? Rate);

    /// <summary>Cases by how well their département is served.</summary>
    /// <param name="Definition">What is counted and how.</param>
    /// <param name="Notice">What must be shown with the figures: that there is no table, or how official it is.</param>
    /// <param name="Version">Version of the table of classes; null while none is loaded.</param>
    /// <param name="Year">Year of the situation that it describes.</param>
    /// <param name="Source">To be shown with the figures.</param>
    /// <param name="DecidedBy">Who decided the classes.</param>
    /// <param name="Cases">Patients with an opinion.</param>
    /// <param name="Classes">Empty while no table is loaded.</param>
    /// <param name="Departments">By département or collectivité, those without patients left out.</param>
    public sealed record DepartmentShares(
        IndicatorDefinition Definition, IndicatorDefinition Notice, int? Version, int? Year, string? Source, string? DecidedBy, long Cases,
        IReadOnlyList<DepartmentShare> Classes, IReadOnlyList<DepartmentCount> Departments);

    /// <summary>Cases of one class of départements.</summary>
    /// <param name="Class">
    /// <c>desert</c>, <c>intermediate</c>, <c>well_served</c>, <c>unclassified</c> when the table leaves it out, <c>unknown</c> when not told.
    /// </param>
    /// <param name="LabelFr">Name of the class, French.</param>
    /// <param name="Cases">How many.</param>
    /// <param name="Share">Of all patients with an opinion, from 0 to 1; null without any.</param>
    public sealed record DepartmentShare(string Class, string LabelFr, long Cases, double? Share);

    /// <summary>Patients of one département or collectivité.</summary>
    /// <param name="Department">Code of the official geographic code; null for those who did not tell.</param>
    /// <param name="Cases">How many.</param>
    public sealed record DepartmentCount(string? Department, long Cases);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/indicators", Handle)
        .AllowRoles(Roles.Ops, Roles.Council)
        .Refuses(Problems.PeriodReversed)
        .GivesEtag()
            .WithName("ReadIndicators")
        .WithSummary("Mission indicators")
        .WithDescription("Cases by state, opinions, delays, convergence (never a target) and access by département class, each with its definition. "
            + "`openedFrom` and `openedTo` (dates, both included) keep only cases opened then. Answers 304 to If-None-Match while nothing changed.");

    /// <param name="openedFrom">Only cases opened on this day (UTC) or later.</param>
    /// <param name="openedTo">Only cases opened on this day (UTC) or earlier.</param>
    private static async Task<Results<Ok<IndicatorReport>, StatusCodeHttpResult, Problem>> Handle(
        DateOnly? openedFrom, DateOnly? openedTo, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, IOptions<JsonOptions> json,
        CancellationToken cancel)
    {
        if (openedFrom > openedTo)
        {
            return Problems.EndsBeforeItBegins();
        }

        var indicators = await Compute(dataSource, time.GetUtcNow(), openedFrom, openedTo, cancel);

        // Its own hash tells whether anything changed: an event, a table, or a case that became late.
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(indicators, json.Value.SerializerOptions));
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash.AsSpan(0, 8))}\"");
        http.Response.GetTypedHeaders().ETag = tag;
        http.Response.Headers.CacheControl = "private, no-cache";
        return http.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false))
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(indicators);
    }

    internal static async Task<IndicatorReport> Compute(
        NpgsqlDataSource dataSource, DateTimeOffset now, DateOnly? openedFrom, DateOnly? openedTo, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        // One snapshot: the figures of one answer must fit together while events keep coming.
        await using var snapshot = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        var period = new
        {
            From = openedFrom?.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc),
            Until = openedTo?.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc),
            Now = now,
            ConvergenceDefinition.Changed,
        };

        var states = (await db.QueryAsync<StateCount>(
            $"""
            select coalesce(state, 'draft') as state, count(*) as cases
            from case_fact
            where {InPeriod}
            group by 1
            order by 1
            """,
            period)).AsList();
        var totals = await db.QuerySingleAsync<Totals>(
            $"""
            select
              count(*) filter (where delivered_at is not null) as delivered,
              count(*) filter (where outcome_version > 0) as outcomes,
              count(*) filter (where diagnosis <> @Changed and treatment <> @Changed) as converging,
              (select max(received_at) from event_log) as last_event_at
            from case_fact
            where {InPeriod}
            """,
            period);
        var delays = await db.QuerySingleAsync<Delays>(DelaySql, period);
        var table = await db.QuerySingleOrDefaultAsync<ClassVersion>(
            "select version, year, source, decided_by, official from department_class_version order by version desc limit 1");
        var departments = (await db.QueryAsync<DepartmentRow>(
            $"""
            select c.department_code as department, d.class, count(*) as cases
            from case_fact c
            left join department_class d on d.version = @Version and d.code = c.department_code
            where delivered_at is not null and {InPeriod}
            group by 1, 2
            order by 1
            """,
            new { Version = table?.Version ?? 0, period.From, period.Until })).AsList();
        var overdue = await db.ExecuteScalarAsync<long>(OverdueSql, period);

        return new IndicatorReport(
            totals.LastEventAt, openedFrom, openedTo,
            new CasesByState(Definitions.CasesByState, states.Sum(s => s.Cases), states),
            new OpinionsDelivered(Definitions.OpinionsDelivered, totals.Delivered),
            new DelayIndicator(Definitions.SubmissionToDelivery, delays.Submitted, Rounded(delays.SubmittedMedian), Rounded(delays.SubmittedP90)),
            new DelayIndicator(Definitions.CompletionToDelivery, delays.Clocked, Rounded(delays.ClockMedian), Rounded(delays.ClockP90)),
            new RateIndicator(
                Definitions.WithinSevenDays, delays.InTime, delays.Clocked + overdue, Share(delays.InTime, delays.Clocked + overdue)),
            new ConvergenceIndicator(
                Definitions.Convergence, Definitions.ConvergenceNotice, totals.Converging, totals.Outcomes, Share(totals.Converging, totals.Outcomes)),
            ByDepartment(table, departments));
    }

    private static DepartmentShares ByDepartment(ClassVersion? table, IReadOnlyList<DepartmentRow> rows)
    {
        var all = rows.Sum(row => row.Cases);
        var classes = rows.GroupBy(row => row.Department is null ? "unknown" : row.Class ?? "unclassified")
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Cases));
        var notice = table is null ? Definitions.NoDepartmentTable : table.Official ? Definitions.OfficialTable : Definitions.UnofficialTable;
        return new DepartmentShares(
            Definitions.DepartmentClasses, notice, table?.Version, table?.Year, table?.Source, table?.DecidedBy, all,
            table is null ? [] : [.. Labels.Select(
                l => new DepartmentShare(l.Class, l.LabelFr, classes.GetValueOrDefault(l.Class), Share(classes.GetValueOrDefault(l.Class), all)))],
            [.. rows.Select(row => new DepartmentCount(row.Department, row.Cases))]);
    }

    private static readonly IReadOnlyList<(string Class, string LabelFr)> Labels =
        [("desert", "désert médical"), ("intermediate", "moyennement pourvu"), ("well_served", "bien pourvu"), ("unclassified", "hors de la table"),
         ("unknown", "non renseigné")];

    private const string InPeriod =
        "(@From::timestamptz is null or opened_at >= @From::timestamptz) and (@Until::timestamptz is null or opened_at < @Until::timestamptz)";

    /// <summary>Overlapping waits count once (range_agg merges them), and only the part between completion and delivery.</summary>
    private const string DelaySql =
        $"""
        with delivered as (
          select case_id, submitted_at, completed_at, delivered_at
          from case_fact
          where delivered_at is not null and {InPeriod}
        ), wait as (
          select d.case_id, greatest(w.requested_at, d.completed_at) as began, least(coalesce(w.provided_at, d.delivered_at), d.delivered_at) as ended
          from delivered d
          join information_wait_fact w on w.case_id = d.case_id and w.requested_at is not null
        ), paused as (
          select m.case_id, sum(extract(epoch from upper(r) - lower(r))) as seconds
          from (select case_id, range_agg(tstzrange(began, ended)) as merged from wait where began < ended group by case_id) m,
            unnest(m.merged) as r
          group by m.case_id
        ), hours as (
          select
            extract(epoch from d.delivered_at - d.submitted_at) / 3600.0 as submitted,
            (extract(epoch from d.delivered_at - d.completed_at) - coalesce(p.seconds, 0)) / 3600.0 as clock
          from delivered d
          left join paused p using (case_id)
        )
        select
          count(submitted) as submitted,
          (percentile_cont(0.5) within group (order by submitted))::float8 as submitted_median,
          (percentile_cont(0.9) within group (order by submitted))::float8 as submitted_p90,
          count(clock) as clocked,
          (percentile_cont(0.5) within group (order by clock))::float8 as clock_median,
          (percentile_cont(0.9) within group (order by clock))::float8 as clock_p90,
          count(*) filter (where clock <= 168) as in_time
        from hours
        """;

    /// <summary>
    /// Complete, neither delivered nor ended otherwise, and past 168 hours without the waits for the patient; a wait that is open lasts until now.
    /// </summary>
    private const string OverdueSql =
        $"""
        with open_case as (
          select case_id, completed_at
          from case_fact
          where completed_at is not null and delivered_at is null and withdrawn_at is null
            and coalesce(state, 'complete') not in ('closed', 'withdrawn', 'refused', 'redirected', 'incomplete') and {InPeriod}
        ), paused as (
          select m.case_id, sum(extract(epoch from upper(r) - lower(r))) as seconds
          from (
            select o.case_id, range_agg(tstzrange(greatest(w.requested_at, o.completed_at), coalesce(w.provided_at, @Now))) as merged
            from open_case o
            join information_wait_fact w on w.case_id = o.case_id
            where greatest(w.requested_at, o.completed_at) < coalesce(w.provided_at, @Now)
            group by o.case_id) m,
            unnest(m.merged) as r
          group by m.case_id
        )
        select count(*)
        from open_case o
        left join paused p using (case_id)
        where extract(epoch from @Now::timestamptz - o.completed_at) - coalesce(p.seconds, 0) > 168 * 3600
        """;

    private static double? Share(long part, long whole) => whole == 0 ? null : Math.Round((double)part / whole, 4);

    private static double? Rounded(double? hours) => hours is { } h ? Math.Round(h, 2) : null;

    private sealed record Totals(long Delivered, long Outcomes, long Converging, DateTimeOffset? LastEventAt);

    private sealed record Delays(
        long Submitted, double? SubmittedMedian, double? SubmittedP90, long Clocked, double? ClockMedian, double? ClockP90, long InTime);

    private sealed record ClassVersion(int Version, int Year, string Source, string DecidedBy, bool Official);

    private sealed record DepartmentRow(string? Department, string? Class, long Cases);
}
