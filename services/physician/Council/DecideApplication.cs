using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Physician.Admission;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Council;

/// <summary>The votes are counted: admitted or kept with more votes for than against, else refused. Whoever was to be kept and is not is suspended.</summary>
internal static class DecideApplication
{
    /// <summary>What the council decided.</summary>
    /// <param name="ApplicationId">The file.</param>
    /// <param name="PhysicianId">The physician, whether admitted or not.</param>
    /// <param name="State"><c>admitted</c> or <c>refused</c>.</param>
    /// <param name="For">Votes for.</param>
    /// <param name="Against">Votes against.</param>
    /// <param name="Abstentions">Members who were there and decided nothing.</param>
    /// <param name="DecidedAt">When.</param>
    internal sealed record CouncilDecision(
        Guid ApplicationId, Guid PhysicianId, string State, int For, int Against, int Abstentions, DateTimeOffset DecidedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/physicians/applications/{applicationId:guid}/decision", Handle)
        .AllowRoles(Roles.Council)
        .Refuses(Problems.TooEarly, Problems.AlreadyAdmitted)
        .WithName("DecideApplication")
        .WithSummary("Count the votes on an application")
        .WithDescription(
            "Needs both reviews and the quorum, abstentions included; more votes for than against admit, a tie refuses. Repeating it tells the same decision. "
            + "Matching learns of an admission at once, and offers the cases that were waiting for such an expert.");

    /// <param name="applicationId">The file.</param>
    private static Task<Results<Ok<CouncilDecision>, Problem>> Handle(
        Guid applicationId, ClaimsPrincipal user, NpgsqlDataSource dataSource, CouncilSettings settings, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CouncilDecision>, Problem>>(async db =>
        {
            if (await Application.Lock(db, applicationId) is not { } application)
            {
                return CommonProblems.Absent();
            }

            var ballot = await application.Ballot(db);
            if (application.State == ApplicationState.Open)
            {
                if (ballot.Reviews < settings.Reviewers)
                {
                    return Problems.NotReviewed(ballot.Reviews, settings.Reviewers);
                }

                if (ballot.Cast < settings.Quorum)
                {
                    return Problems.NoQuorum(ballot.Cast, settings.Quorum);
                }

                var now = time.GetUtcNow();
                application = application with { State = ballot.IsFor ? ApplicationState.Admitted : ApplicationState.Refused, DecidedAt = now };
                if (!await Effect(db, user, application, now, settings))
                {
                    return Problems.InRoster();
                }

                await db.ExecuteAsync(
                    "update application set state = @State, decided_at = @DecidedAt where application_id = @ApplicationId",
                    new { application.State, application.DecidedAt, application.ApplicationId });
                await AuditTrail.Record(db, user, application.State.Text, "application", applicationId, "scientific_council");
            }

            return TypedResults.Ok(new CouncilDecision(
                applicationId, application.PhysicianId, application.State.Text, ballot.For, ballot.Against, ballot.Abstentions,
                application.DecidedAt!.Value));
        }, cancel);

    /// <summary>False when the physician was admitted meanwhile.</summary>
    private static async Task<bool> Effect(
        NpgsqlConnection db, ClaimsPrincipal user, Application application, DateTimeOffset now, CouncilSettings settings)
    {
        var reviewDueAt = now.AddYears(settings.ReviewEveryYears);
        switch ((application.Kind.Value, application.State.Value))
        {
            case (ApplicationKind.Admission, ApplicationState.Admitted):
                var file = application.Request;
                return await PhysicianRow.Admit(db, file.Practice().Of(new PhysicianRow
                {
                    PhysicianId = application.PhysicianId,
                    Rpps = application.Rpps,
                    DisplayName = file.DisplayName,
                    SpecialtyCode = file.SpecialtyCode,
                    PathologyCodes = [],
                    Establishments = [],
                    TiedPhysicians = file.Ties?.PhysicianIds() ?? [],
                    TiedEstablishments = file.Ties?.FinessNumbers() ?? [],
                    Capacity = file.Capacity,
                    AdmittedAt = now,
                    ReviewDueAt = reviewDueAt,
                    RegisterCheckedAt = application.RegisterCheckedAt,
                }));
            case (ApplicationKind.Review, ApplicationState.Admitted):
                await db.ExecuteAsync(
                    "update physician set review_due_at = @reviewDueAt, version = version + 1 where physician_id = @PhysicianId",
                    new { reviewDueAt, application.PhysicianId });
                return true;
            case (ApplicationKind.Review, ApplicationState.Refused):
                await SuspendPhysician.Change(db, user, (await PhysicianRow.Lock(db, application.PhysicianId))!, suspended: true, now);
                return true;
            default:
                return true;
        }
    }
}
