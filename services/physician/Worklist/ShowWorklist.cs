using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Shows a physician their offers and cases, the latest first.</summary>
internal static class ShowWorklist
{
    /// <summary>One offer, and the case once it is assigned.</summary>
    /// <param name="OfferId">The offer.</param>
    /// <param name="CaseId">The case.</param>
    /// <param name="State"><c>offered</c>, <c>accepted</c> (until matching confirms it), <c>assigned</c>, <c>delivered</c>, <c>declined</c> or
    /// <c>closed</c>.</param>
    /// <param name="PathologyCode">Code of the catalogue.</param>
    /// <param name="Rank">1 when this physician was asked first.</param>
    /// <param name="OfferedAt">When it was offered.</param>
    /// <param name="ExpiresAt">The offer can be answered until then.</param>
    /// <param name="DueAt">End of the case's 7-day clock.</param>
    /// <param name="AnsweredAt">When it was accepted or declined; null before.</param>
    /// <param name="AssignedAt">When matching confirmed it and the file opened; null before.</param>
    /// <param name="DeliveredAt">When the opinion was delivered; null before.</param>
    /// <param name="AwaitingInformation">A question to the patient is open: the clock stands still.</param>
    /// <param name="RemindedAt">Nothing had been heard of the case by then: without a sign of work somebody else is asked in time.</param>
    /// <param name="ClosedReason"><c>expired</c>, <c>withdrawn</c>, <c>declined</c> or <c>replaced</c>.</param>
    /// <param name="WhyYou">Why this physician was asked, in French; null for offers older than the question.</param>
    internal sealed record WorklistEntry(
        Guid OfferId,
        Guid CaseId,
        string State,
        [property: HealthData] string? PathologyCode,
        int? Rank,
        DateTimeOffset? OfferedAt,
        DateTimeOffset? ExpiresAt,
        DateTimeOffset? DueAt,
        DateTimeOffset? AnsweredAt,
        DateTimeOffset? AssignedAt,
        DateTimeOffset? DeliveredAt,
        bool AwaitingInformation,
        DateTimeOffset? RemindedAt,
        string? ClosedReason,
        string? WhyYou);

    private sealed record Row(
        Guid OfferId, Guid CaseId, string State, string? PathologyCode, int? Rank, DateTimeOffset? OfferedAt, DateTimeOffset? ExpiresAt,
        DateTimeOffset? DueAt, DateTimeOffset? AnsweredAt, DateTimeOffset? AssignedAt, DateTimeOffset? DeliveredAt, bool AwaitingInformation,
        DateTimeOffset? RemindedAt, string? ClosedReason, string? Basis, int? Considered)
    {
        public WorklistEntry Entry => new(
            OfferId, CaseId, State, PathologyCode, Rank, OfferedAt, ExpiresAt, DueAt, AnsweredAt, AssignedAt, DeliveredAt, AwaitingInformation, RemindedAt,
            ClosedReason, WhyYou.Of(Basis, Considered, Rank));
    }

    internal static IReadOnlyList<string> States => Words.All<WorklistState>();

    public static void Map(RouteGroupBuilder api) => api.MapGet("/worklist", Handle)
        .AllowRoles(Roles.Physician)
        .WithName("ShowWorklist")
        .WithSummary("List one's offers and cases")
        .WithDescription("The latest offer first; `state` keeps one state. At most 100 a page.");

    /// <param name="state">Only entries in this state, e.g. <c>offered</c>.</param>
    private static async Task<Results<Ok<Page<WorklistEntry>>, Problem>> Handle(
        [Codes(typeof(ShowWorklist), nameof(States))] string? state, int? limit, string? after, ClaimsPrincipal user, NpgsqlDataSource dataSource,
        Cursors cursors, HttpContext http, CancellationToken cancel)
    {
        if (state is not null && !Words.TryRead<WorklistState>(state, out _))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/state", "unknown_state", "Cet état n'existe pas : choisissez-en un de la liste.", States));
        }

        var filter = $"worklist:{state}";
        if (!cursors.Read(limit, after, user, filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        var me = user.PhysicianId();
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await AuditTrail.Record(db, user, "search", "worklist", me, "second_opinion");
        var found = (await db.QueryAsync<Row>(
            """
            select w.offer_id, w.case_id, w.state, w.pathology_code, w.rank, w.offered_at, w.expires_at, w.due_at, w.answered_at, w.assigned_at,
              w.delivered_at,
              w.state = 'assigned' and exists (
                select from information_request r where r.case_id = w.case_id and r.physician_id = w.physician_id
                    and r.provided_at is null) as awaiting_information,
              w.reminded_at, w.closed_reason, w.basis, w.considered
            from worklist_item w
            where w.physician_id = @Me
              and (@state::text is null or w.state = @state)
              and (@last::uuid is null or w.offer_id < @last)
            order by w.offer_id desc
            limit @Limit
            """,
            new { Me = me, state, last, Limit = size + 1 })).AsList();
        var items = found.Take(size).Select(row => row.Entry).ToList();
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new Page<WorklistEntry>(items, found.Count > size ? cursors.Encode(items[^1].OfferId, user, filter) : null));
    }
}
