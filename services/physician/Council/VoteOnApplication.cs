using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Council;

/// <summary>A member of the council votes on a file that was reviewed.</summary>
internal static class VoteOnApplication
{
    internal static readonly IReadOnlyList<string> Votes = ["for", "against", "abstention"];

    /// <summary>A member's vote.</summary>
    /// <param name="Vote"><c>for</c>, <c>against</c> or <c>abstention</c>.</param>
    internal sealed record CouncilVote([property: Codes(typeof(VoteOnApplication), nameof(Votes))] string Vote);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/physicians/applications/{applicationId:guid}/vote", Handle)
        .AllowRoles(Roles.Council)
        .Refuses(Problems.Decided, Problems.NoPart, Problems.GivenAlready, Problems.TooEarly)
        .WithName("VoteOnApplication")
        .WithSummary("Vote on an application")
        .WithDescription("After both reviews, each member once. A vote is final: repeating it changes nothing, another one is refused.");

    /// <param name="applicationId">The file.</param>
    private static async Task<Results<Ok<CouncilVote>, Problem>> Handle(
        Guid applicationId, CouncilVote request, ClaimsPrincipal user, NpgsqlDataSource dataSource, CouncilSettings settings, TimeProvider time,
        CancellationToken cancel)
    {
        if (!Votes.Contains(request.Vote))
        {
            return CommonProblems.Invalid(new FieldError("#/vote", "unknown_code", "Indiquez for, against ou abstention.", Votes));
        }

        return await dataSource.InTransaction<Results<Ok<CouncilVote>, Problem>>(async db =>
        {
            if (await Application.Lock(db, applicationId) is not { } application)
            {
                return CommonProblems.Absent();
            }

            var me = user.Subject();
            var mine = await db.ExecuteScalarAsync<string?>(
                "select vote from application_vote where application_id = @applicationId and member = @me", new { applicationId, me });
            if (mine is not null)
            {
                return mine == request.Vote ? TypedResults.Ok(request) : Problems.Final();
            }

            if (await Part.Refusal(db, application, me) is { } refusal)
            {
                return refusal;
            }

            var ballot = await application.Ballot(db);
            if (ballot.Reviews < settings.Reviewers)
            {
                return Problems.NotReviewed(ballot.Reviews, settings.Reviewers);
            }

            if (ballot.Cast >= settings.Members)
            {
                return Problems.EverySeatVoted(settings.Members);
            }

            await db.ExecuteAsync(
                "insert into application_vote (application_id, member, vote, voted_at) values (@applicationId, @me, @Vote, @Now)",
                new { applicationId, me, request.Vote, Now = time.GetUtcNow() });
            await AuditTrail.Record(db, user, "write", "application_vote", applicationId, "scientific_council");
            return TypedResults.Ok(request);
        }, cancel);
    }
}
