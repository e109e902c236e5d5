using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Files;

/// <summary>
/// A physician asks the patient for something that is missing; the 7-day clock stands still until the answer. The text goes to intake and is not
/// kept here.
/// </summary>
internal static class AskForInformation
{
    private const int MaxLength = 4000;

    /// <summary>A question to the patient.</summary>
    /// <param name="Text">French, for the patient; 1 to 4000 characters.</param>
    [HealthData]
    internal sealed record AskForInformationRequest([property: Length(1, MaxLength)] string Text);

    /// <summary>A question that was asked.</summary>
    /// <param name="RequestId">The question.</param>
    /// <param name="CaseId">The case.</param>
    /// <param name="RequestedAt">When; the clock stands still from then.</param>
    internal sealed record InformationAsked(Guid RequestId, Guid CaseId, DateTimeOffset RequestedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/worklist/cases/{caseId:guid}/information-requests", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("AskForInformation")
        .WithSummary("Ask the patient for something that is missing")
        .WithDescription("The clock of the case stands still until the patient answers. Repeating the same Idempotency-Key asks nothing twice.");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Once<Created<InformationAsked>>, Problem>> Handle(
        Guid caseId, AskForInformationRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, IntakeDossiers intake,
        CancellationToken cancel)
    {
        if (request.Text.Trim().Length is 0 or > MaxLength)
        {
            return CommonProblems.Invalid(new FieldError("#/text", "invalid_length", $"La question au patient compte de 1 à {MaxLength} caractères."));
        }

        var physicianId = user.PhysicianId();
        if (!await ReadDossier.IsOwn(dataSource, caseId, user, cancel))
        {
            return CommonProblems.Absent();
        }

        // Intake first, outside any transaction. If this process dies in between, the repeat derives the same id and intake answers as before.
        var requestId = RequestId(IdempotencyKey.Of(http.Request)!, caseId, physicianId);
        if (!(await intake.RequestInformation(caseId, requestId, request.Text.Trim(), http)).TryGet(out var requestedAt, out var refusal))
        {
            return refusal;
        }


        return await Idempotent.Run<AskForInformationRequest, Created<InformationAsked>>(dataSource, http, request, async db =>
        {
            if (await WorklistItem.OwnCase(db, caseId, physicianId) is null)
            {
                return CommonProblems.Absent();
            }

            var recorded = await db.ExecuteAsync(
                """
                insert into information_request (request_id, case_id, physician_id, requested_at)
                values (@requestId, @caseId, @physicianId, @requestedAt)
                on conflict (request_id) do update
                set requested_at = excluded.requested_at
                where information_request.requested_at is null
                """,
                new { requestId, caseId, physicianId, requestedAt });
            if (recorded > 0)
            {
                await Outbox.Publish(
                    db, caseId, new InformationRequested { RequestId = requestId, CaseId = caseId, PhysicianId = physicianId, RequestedAt = requestedAt });
            }

            return TypedResults.Created($"/api/v1/worklist/cases/{caseId}/dossier", new InformationAsked(requestId, caseId, requestedAt));
        });
    }

    /// <summary>The same key for the same case and physician gives the same id (UUID version 8).</summary>
    internal static Guid RequestId(string key, Guid caseId, Guid physicianId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"information-request\n{caseId}\n{physicianId}\n{key}"));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
