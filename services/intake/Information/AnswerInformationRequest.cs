using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Information;

/// <summary>The patient answers the physician's question; the clock runs again.</summary>
internal static class AnswerInformationRequest
{
    private const int LongestAnswer = 4000;

    /// <summary>The patient's answer.</summary>
    /// <param name="Text">French, as the patient writes it; 1 to 4000 characters.</param>
    [HealthData]
    internal sealed record AnswerInformationRequestBody([property: Length(1, LongestAnswer)] string Text);

    /// <summary>A question that was answered.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="RequestId">The question.</param>
    /// <param name="State">State of the case: back to the physician.</param>
    /// <param name="ProvidedAt">When it was answered; the clock runs again.</param>
    /// <param name="DueAt">End of the 7-day promise, moved by the time it stood still.</param>
    internal sealed record AnsweredInformationRequest(Guid CaseId, Guid RequestId, string State, DateTimeOffset ProvidedAt, DateTimeOffset DueAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/information-requests/{requestId:guid}/answer", Handle)
        .AllowRoles([.. CaseWords.Routes[CaseMove.ProvideInformation].Roles])
        .Refuses(Problems.WrongState, Problems.InformationAlreadyGiven, Problems.QuestionLapsed)
        .WithName(CaseWords.Routes[CaseMove.ProvideInformation].Operation)
        .WithSummary("Answer the physician's question")
        .WithDescription("Documents can be added before answering. The 7-day clock, which stood still, runs again.");

    /// <param name="id">The case.</param>
    /// <param name="requestId">The physician's question.</param>
    private static Task<Results<Ok<AnsweredInformationRequest>, Problem>> Handle(
        Guid id, Guid requestId, AnswerInformationRequestBody request, ClaimsPrincipal user, NpgsqlDataSource dataSource, Keyring keyring, TimeProvider time,
        CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<AnsweredInformationRequest>, Problem>>(async db =>
        {
            if (string.IsNullOrWhiteSpace(request.Text) || request.Text.Length > LongestAnswer)
            {
                return CommonProblems.Invalid(new FieldError("#/text", "invalid_length", $"Écrivez de 1 à {LongestAnswer} caractères."));
            }

            if (await CaseRows.OwnLocked(db, user, id) is not { } file
                || await db.QuerySingleOrDefaultAsync<OpenRequest>(
                    "select physician_id, provided_at, lapsed_at from information_request where id = @requestId and case_id = @id",
                    new { id, requestId }) is not { } asked)
            {
                return CommonProblems.Absent();
            }

            if (asked.ProvidedAt is not null)
            {
                return Problems.AnsweredBefore();
            }

            if (asked.LapsedAt is not null)
            {
                return Problems.NoLongerAsked();
            }

            var now = time.GetUtcNow();
            if (!(await CaseTransition.Try(db, file, CaseMove.ProvideInformation, now)).TryGet(out var moved, out var refusal))
            {
                return refusal;
            }

            await AuditTrail.Record(db, user, "write", "information_answer", requestId, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            await db.ExecuteAsync(
                "update information_request set sealed_answer = @Box, provided_at = @now where id = @requestId and provided_at is null",
                new { requestId, now, Box = key.Seal(RequestColumns.Answer.Of(requestId), request.Text.Trim()) });
            await Outbox.Publish(db, id, new InformationProvided
            {
                CaseId = id,
                RequestId = requestId,
                PhysicianId = asked.PhysicianId,
                DueAt = moved.DueAt!.Value,
                ProvidedAt = now,
            });
            return TypedResults.Ok(new AnsweredInformationRequest(id, requestId, moved.State.Text, now, moved.DueAt!.Value));
        }, cancel);

    private sealed record OpenRequest(Guid PhysicianId, DateTimeOffset? ProvidedAt, DateTimeOffset? LapsedAt);
}
