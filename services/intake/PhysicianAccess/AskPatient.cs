using System.Security.Claims;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Information;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.PhysicianAccess;

/// <summary>
/// The assigned physician asks the patient something; the 7-day clock stands still until the answer. The same request id twice is one question.
/// </summary>
internal static class AskPatient
{
    private const int LongestQuestion = 4000;

    public static Task<Result<RequestInformationReply>> Handle(
        NpgsqlDataSource dataSource, Keyring keyring, ClaimsPrincipal user, Guid caseId, Guid requestId, string text, DateTimeOffset now,
        CancellationToken cancel) =>
        dataSource.InTransaction<Result<RequestInformationReply>>(async db =>
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > LongestQuestion)
            {
                return CommonProblems.Invalid(new FieldError("#/text", "invalid_length", $"Écrivez de 1 à {LongestQuestion} caractères."));
            }

            if (!(await AssignedPhysician.Case(db, user, caseId, now, locked: true)).TryGet(out var file, out var absent))
            {
                return absent;
            }

            var asked = await db.QuerySingleOrDefaultAsync<DateTimeOffset?>(
                "select requested_at from information_request where id = @requestId and case_id = @caseId", new { requestId, caseId });
            if (asked is { } before)
            {
                return new RequestInformationReply { RequestedAt = before.ToTimestamp() };
            }

            if (!(await CaseTransition.Try(db, file, CaseMove.RequestInformation, now)).TryGet(out _, out var refusal))
            {
                return refusal;
            }

            using var key = await CaseKey.Of(db, keyring, caseId);
            await db.ExecuteAsync(
                """
                insert into information_request (id, case_id, physician_id, sealed_question, requested_at)
                values (@requestId, @caseId, @PhysicianId, @Box, @now)
                """,
                new { requestId, caseId, PhysicianId = user.PhysicianId(), Box = key.Seal(RequestColumns.Question.Of(requestId), text.Trim()), now });
            return new RequestInformationReply { RequestedAt = now.ToTimestamp() };
        }, cancel);
}
