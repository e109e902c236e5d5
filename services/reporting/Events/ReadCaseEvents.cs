using System.Security.Claims;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting.Events;

/// <summary>What every service said about one case, in the order in which it happened, each with the trace that it belongs to.</summary>
internal static class ReadCaseEvents
{
    /// <summary>Far above what one case makes (about 30); a runaway sender must not make an endless answer.</summary>
    private const int Limit = 1000;

    /// <summary>Every event seen for a case.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Events">In order of occurrence.</param>
    public sealed record CaseEvents(Guid CaseId, IReadOnlyList<CaseEvent> Events);

    /// <summary>One event as it was recorded.</summary>
    /// <param name="Name">Versioned name, e.g. <c>intake.case-opened.v1</c>.</param>
    /// <param name="OccurredAt">By the sender's clock.</param>
    /// <param name="ReceivedAt">When reporting recorded it.</param>
    /// <param name="MessageId">Id of the message; a redelivery has the same one.</param>
    /// <param name="TraceId">The trace in which it was caused and consumed; null when the sender had none.</param>
    /// <param name="Body">The event: ids, codes, dates and counts only.</param>
    public sealed record CaseEvent(
        string Name, DateTimeOffset OccurredAt, DateTimeOffset ReceivedAt, Guid MessageId, string? TraceId, [property: HealthData] JsonElement Body);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{caseId:guid}/events", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("ReadCaseEvents")
        .WithSummary("Events of one case")
        .WithDescription("Every event seen for the case, in order of occurrence, with its trace id. Codes only; the reading is audited.");

    /// <param name="caseId">The case.</param>
    private static async Task<Results<Ok<CaseEvents>, Problem>> Handle(
        Guid caseId, ClaimsPrincipal user, HttpResponse response, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        var rows = await dataSource.InTransaction(async db =>
        {
            await AuditTrail.Record(db, user, "read", "case_events", caseId, "operations");
            return (await db.QueryAsync<Row>(
                """
                select event, occurred_at, received_at, message_id, trace_id, body::text as body
                from event_log
                where case_id = @caseId
                order by occurred_at, message_id
                limit @Limit
                """,
                new { caseId, Limit })).AsList();
        }, cancel);
        if (rows.Count == 0)
        {
            return CommonProblems.Absent();
        }

        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new CaseEvents(caseId, [.. rows.Select(row => new CaseEvent(
            row.Event, row.OccurredAt, row.ReceivedAt, row.MessageId, row.TraceId, JsonSerializer.Deserialize<JsonElement>(row.Body)))]));
    }

    private sealed record Row(string Event, DateTimeOffset OccurredAt, DateTimeOffset ReceivedAt, Guid MessageId, string? TraceId, string Body);
}
