using System.Security.Claims;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Reading;

/// <summary>What of <c>information_request</c> is sealed, each for its row.</summary>
internal static class RequestColumns
{
    public static readonly SealedPlace Question = new("information_request", "sealed_question");
    public static readonly SealedPlace Answer = new("information_request", "sealed_answer");
}

/// <summary>
/// The assigned physician asks the patient something; the 7-day clock stands still until the answer. The same request id twice is one question.
/// </summary>
internal static class AskPatient
{
    private const int LongestQuestion = 4000;

    public static Task<RequestInformationReply> Handle(
        NpgsqlDataSource dataSource, Keyring keyring, ClaimsPrincipal user, Guid caseId, Guid requestId, string text, DateTimeOffset now,
        CancellationToken cancel) =>
        dataSource.InTransaction(async db =>
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > LongestQuestion)
            {
                throw CommonProblems.Invalid(new FieldError("#/text", "invalid_length", $"Écrivez de 1 à {LongestQuestion} caractères.")).AsException();
            }

            var file = await AssignedPhysician.CaseLocked(db, user, caseId);
            var asked = await db.QuerySingleOrDefaultAsync<DateTimeOffset?>(
                "select requested_at from information_request where id = @requestId and case_id = @caseId", new { requestId, caseId });
            if (asked is { } before)
            {
                return new RequestInformationReply { RequestedAt = before.ToTimestamp() };
            }

            var (_, problem) = await CaseTransition.Try(db, file, CaseMove.RequestInformation, now);
            if (problem is not null)
            {
                throw problem.AsException();
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
