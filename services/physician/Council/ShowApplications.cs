using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Physician.Admission;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Council;

/// <summary>What is before the scientific council: the list, and one file with its reviews and its votes.</summary>
internal static class ShowApplications
{
    /// <summary>A file before the council, in short.</summary>
    /// <param name="ApplicationId">The file.</param>
    /// <param name="Kind"><c>admission</c>, or <c>review</c> of somebody admitted before.</param>
    /// <param name="State"><c>open</c>, <c>admitted</c> or <c>refused</c>.</param>
    /// <param name="PhysicianId">The physician.</param>
    /// <param name="Rpps">11 digits.</param>
    /// <param name="DisplayName">As patients would read it.</param>
    /// <param name="SpecialtyCode">R38 code, e.g. <c>SM20</c>.</param>
    /// <param name="OpenedAt">When it was put before the council.</param>
    /// <param name="DecidedAt">When the votes were counted; null before.</param>
    internal sealed record ApplicationSummary(
        Guid ApplicationId, string Kind, string State, Guid PhysicianId, string Rpps, string DisplayName, string SpecialtyCode, DateTimeOffset OpenedAt,
        DateTimeOffset? DecidedAt);

    /// <summary>A file before the council.</summary>
    /// <param name="Summary">What the list says of it.</param>
    /// <param name="Practice">What the physician does, and for whom.</param>
    /// <param name="Capacity">Cases that may be open at one time.</param>
    /// <param name="Evidence">What shows the practice.</param>
    /// <param name="RegisterCheckedAt">When the national directory confirmed number, name and specialty; null when the service did not ask there.</param>
    /// <param name="Reviews">In the order in which they were given.</param>
    /// <param name="Conflicts">Members who have no part in it.</param>
    /// <param name="MyVote"><c>for</c>, <c>against</c> or <c>abstention</c>; null before the caller has voted.</param>
    /// <param name="VotesCast">That count, abstentions included. What they are is told with the decision.</param>
    /// <param name="Quorum">Votes without which nothing is decided.</param>
    internal sealed record ApplicationFile(
        ApplicationSummary Summary, Practice Practice, int Capacity, string Evidence, DateTimeOffset? RegisterCheckedAt,
        IReadOnlyList<ApplicationReview> Reviews, IReadOnlyList<ApplicationConflict> Conflicts, string? MyVote, int VotesCast, int Quorum);

    /// <summary>A reviewer's judgement.</summary>
    /// <param name="Member">Account of the member.</param>
    /// <param name="Recommendation"><c>admit</c> or <c>refuse</c>.</param>
    /// <param name="Reasons">As the member wrote them.</param>
    /// <param name="ReviewedAt">When.</param>
    internal sealed record ApplicationReview(string Member, string Recommendation, string Reasons, DateTimeOffset ReviewedAt);

    /// <summary>A member without a part in the decision.</summary>
    /// <param name="Member">Account of the member.</param>
    /// <param name="Nature">Of the conflict, e.g. <c>same_establishment</c>.</param>
    /// <param name="DeclaredAt">When.</param>
    internal sealed record ApplicationConflict(string Member, string Nature, DateTimeOffset DeclaredAt);

    internal static IReadOnlyList<string> States => Words.All<ApplicationState>();

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/physicians/applications", List)
            .AllowRoles(Roles.Council)
            .WithName("ListApplications")
            .WithSummary("Files before the council")
            .WithDescription("The latest first; `applicationState` keeps one state. At most 100 a page.");
        api.MapGet("/physicians/applications/{applicationId:guid}", Show)
            .AllowRoles(Roles.Council)
            .WithName("ShowApplication")
            .WithSummary("A file before the council")
            .WithDescription("With reviews and declared conflicts. Nobody sees how others voted before the decision.");
    }

    /// <param name="applicationState">Only files in this state, e.g. <c>open</c>.</param>
    private static async Task<Results<Ok<Page<ApplicationSummary>>, Problem>> List(
        [Codes(typeof(ShowApplications), nameof(States))] string? applicationState, int? limit, string? after, ClaimsPrincipal user,
        NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel)
    {
        if (applicationState is not null && !Words.TryRead<ApplicationState>(applicationState, out _))
        {
            return CommonProblems.Invalid(
                new FieldError("#/applicationState", "unknown_state", "Cet état n'existe pas : choisissez-en un de la liste.", States));
        }

        var filter = $"applications:{applicationState}";
        if (!cursors.Read(limit, after, user, filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var found = (await db.QueryAsync<Application>(
            $"""
            select {Application.Columns}
            from application
            where (@last::uuid is null or application_id < @last) and (@applicationState::text is null or state = @applicationState)
            order by application_id desc
            limit @Limit
            """,
            new { last, applicationState, Limit = size + 1 })).AsList();
        var items = found.Take(size).Select(Summary).ToList();
        return TypedResults.Ok(
            new Page<ApplicationSummary>(items, found.Count > size ? cursors.Encode(items[^1].ApplicationId, user, filter) : null));
    }

    /// <param name="applicationId">The file.</param>
    private static async Task<Results<Ok<ApplicationFile>, Problem>> Show(
        Guid applicationId, ClaimsPrincipal user, NpgsqlDataSource dataSource, CouncilSettings settings, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await Application.Find(db, applicationId) is not { } application)
        {
            return CommonProblems.Absent();
        }

        await AuditTrail.Record(db, user, "read", "application", applicationId, "scientific_council");
        await using var all = await db.QueryMultipleAsync(
            """
            select member, recommendation, reasons, reviewed_at from application_review where application_id = @applicationId order by reviewed_at, member;
            select member, nature, declared_at from application_conflict where application_id = @applicationId order by declared_at, member;
            select vote from application_vote where application_id = @applicationId and member = @Me
            """,
            new { applicationId, Me = user.Subject() });
        var reviews = (await all.ReadAsync<ApplicationReview>()).AsList();
        var conflicts = (await all.ReadAsync<ApplicationConflict>()).AsList();
        var mine = await all.ReadSingleOrDefaultAsync<string>();
        var file = application.Request;
        return TypedResults.Ok(new ApplicationFile(
            Summary(application), file.Practice(), file.Capacity, file.Evidence, application.RegisterCheckedAt, reviews, conflicts, mine,
            (await application.Ballot(db)).Cast, settings.Quorum));
    }

    private static ApplicationSummary Summary(Application a) => new(
        a.ApplicationId, a.Kind.Text, a.State.Text, a.PhysicianId, a.Rpps, a.Request.DisplayName, a.Request.SpecialtyCode, a.OpenedAt, a.DecidedAt);
}
