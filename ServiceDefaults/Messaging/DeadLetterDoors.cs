using SecondOpinion.ServiceDefaults.Audit;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>Which messages are to come back; what is left out does not narrow the choice.</summary>
/// <param name="Queue">One queue, or <c>SERVICE-outbox</c> for its parked events; else all of the service, parked events included.</param>
/// <param name="MessageId">One message.</param>
/// <param name="DiedBefore">Those that were given up before; none whose time is unknown.</param>
public sealed record RedriveRequest(string? Queue = null, Guid? MessageId = null, DateTimeOffset? DiedBefore = null);

/// <param name="Moved">Back in their queues, or in the outbox's order again.</param>
/// <param name="Parked">Events of the outbox that are tried again.</param>
public sealed record RedriveAnswer(IReadOnlyList<DeadLetter> Moved, int Parked);

/// <summary>
/// <c>/dead-letters</c> on the service's own port, for ops through the gateway: what was given up, and the way back. Every message that moves is written to the
/// audit record before. To ask twice does nothing the second time: there is nothing left, and what had its effect has none again.
/// </summary>
internal static class DeadLetterDoors
{
    /// <summary>Looked at in one request; whoever has more asks again.</summary>
    private const int Most = 10_000;

    private const int MostListed = 100;

    public static void MapDeadLetters(this WebApplication app)
    {
        var doors = app.MapGroup("/dead-letters").AllowRoles(Roles.Ops).ExcludeFromDescription();
        doors.AddEndpointFilter(async (context, next) =>
        {
            try
            {
                return await next(context);
            }
            catch (Exception exception) when (BrokerLink.IsAway(exception) && !context.HttpContext.RequestAborted.IsCancellationRequested)
            {
                // Messages that have not moved are where they were: to ask again is right.
                return CommonProblems.ForStatus(StatusCodes.Status503ServiceUnavailable);
            }
        });
        doors.MapGet("", async (MessagingWatch watch, CancellationToken cancel) => TypedResults.Ok(await watch.Look(cancel)));
        doors.MapGet("/{queue}", List);
        doors.MapPost("/redrive", Redrive);
    }

    private static async Task<Results<Ok<IReadOnlyList<DeadLetter>>, Problem>> List(
        string queue, Queues queues, DeadLetters letters, CancellationToken cancel) =>
        queues.Find(queue) is { } found ? TypedResults.Ok(await letters.List(found, MostListed, cancel)) : CommonProblems.Absent();

    private static async Task<Results<Ok<RedriveAnswer>, Problem>> Redrive(
        RedriveRequest request, ClaimsPrincipal user, Queues queues, DeadLetters letters, OutboxRelay relay, NpgsqlDataSource dataSource,
        CancellationToken cancel)
    {
        if (request is { Queue: null, MessageId: null, DiedBefore: null })
        {
            return CommonProblems.Invalid(
                new FieldError("#/queue", "required", "Indiquez une file (queue), un message (messageId) ou un instant (diedBefore)."));
        }

        var outbox = $"{queues.Service}-outbox";
        var chosen = request.Queue is null ? queues.All : queues.All.Where(q => q.Name == request.Queue).ToList();
        if (chosen.Count == 0 && request.Queue != outbox)
        {
            return CommonProblems.Invalid(
                new FieldError("#/queue", "unknown_queue",
                    "Cette file n'existe pas : choisissez-en une de la liste.", [.. queues.All.Select(q => q.Name).Append(outbox)]));
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var moved = new List<DeadLetter>();
        foreach (var queue in chosen)
        {
            moved.AddRange(await letters.Redrive(
                queue,
                letter => (request.MessageId is null || letter.MessageId == request.MessageId)
                    && (request.DiedBefore is null || letter.DiedAt < request.DiedBefore),
                letter => AuditTrail.Record(db, user, "redrive", "message", letter.MessageId ?? Guid.Empty, "operations"),
                Most, cancel));
        }

        return TypedResults.Ok(new RedriveAnswer(moved, request.Queue is null || request.Queue == outbox ? await Unpark(db, request, user, relay, cancel) : 0));
    }

    private static async Task<int> Unpark(NpgsqlConnection db, RedriveRequest request, ClaimsPrincipal user, OutboxRelay relay, CancellationToken cancel)
    {
        await using var transaction = await db.BeginTransactionAsync(cancel);
        var again = (await db.QueryAsync<Guid>(
            """
            update outbox
            set parked_at = null, attempts = 0, next_attempt_at = now()
            where parked_at is not null
              and (@MessageId::uuid is null or message_id = @MessageId)
              and (@DiedBefore::timestamptz is null or parked_at < @DiedBefore)
            returning message_id
            """,
            new { request.MessageId, DiedBefore = request.DiedBefore?.ToUniversalTime() })).AsList();
        foreach (var messageId in again)
        {
            await AuditTrail.Record(db, user, "redrive", "message", messageId, "operations");
        }

        await transaction.CommitAsync(CancellationToken.None);
        relay.Wake();
        return again.Count;
    }
}
