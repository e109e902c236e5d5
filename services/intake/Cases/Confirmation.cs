using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>How somebody said it.</summary>
internal enum Channel
{
    Online,
    Phone,

    /// <summary>To the physician who wrote it down.</summary>
    InPerson,
}

internal static class Channels
{
    public static Word<Channel> Of(ClaimsPrincipal user) => user.Role() switch
    {
        Roles.Patient => Channel.Online,
        Roles.Agent => Channel.Phone,
        _ => Channel.InPerson,
    };
}

/// <summary>
/// The patient says, from their own account, that what an agent or a physician filled in is right and wanted. Only then is a use reserved: nobody spends
/// another person's use by opening a case for them.
/// </summary>
internal static class Confirmation
{
    /// <summary>A confirmation of what was filled in.</summary>
    /// <param name="ReadBack">True: the patient has read the answers and questions.</param>
    internal sealed record ConfirmCaseRequest(bool ReadBack);

    /// <summary>Who confirmed what was filled in, and when.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Channel">How: <c>online</c>, from the patient's own account.</param>
    /// <param name="ConfirmedAt">When; a later change of answers or questions asks for a new one.</param>
    internal sealed record CaseConfirmation(Guid CaseId, string Channel, DateTimeOffset ConfirmedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/confirmation", Handle)
        .AllowRoles(Roles.Patient)
        .Refuses(Problems.WrongState)
        .WithName("ConfirmCase")
        .WithSummary("Confirm what was filled in on the patient's behalf")
        .WithDescription("Needed before submission when a phone agent or a physician opened the case, and only the patient's own account can give it. "
            + "Any later change of the answers or questions asks for a new confirmation.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseConfirmation>, Problem>> Handle(
        Guid id, ConfirmCaseRequest request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseConfirmation>, Problem>>(async db =>
        {
            if (!request.ReadBack)
            {
                return CommonProblems.Invalid(new FieldError("#/readBack", "must_be_true", "Relisez le dossier avant de confirmer."));
            }

            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (!CaseLife.IsBeingWritten(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            var now = time.GetUtcNow();
            var channel = Channels.Of(user);
            await db.ExecuteAsync(
                """
                insert into confirmation (id, case_id, answers_version, questions_version, confirmed_by, channel, at)
                values (@Id, @CaseId, @AnswersVersion, @QuestionsVersion, @By, @channel, @now)
                """,
                new
                {
                    Id = Guid.CreateVersion7(now),
                    CaseId = id,
                    file.AnswersVersion,
                    file.QuestionsVersion,
                    By = CaseOwner.OpenerOf(user.Role(), user),
                    channel,
                    now,
                });
            return TypedResults.Ok(new CaseConfirmation(id, channel.Text, now));
        }, cancel);

    /// <summary>Patients and relatives confirm by submitting; what an agent or a physician asks for needs the patient's own word.</summary>
    internal static async Task<bool> IsGiven(NpgsqlConnection db, CaseRow file) =>
        file.RequestedBy.Value is not (RequestedBy.Agent or RequestedBy.Physician) || await db.ExecuteScalarAsync<bool>(
            """
            select exists (
              select from confirmation
              where case_id = @Id and answers_version = @AnswersVersion and questions_version = @QuestionsVersion and channel = 'online')
            """,
            new { file.Id, file.AnswersVersion, file.QuestionsVersion });
}
