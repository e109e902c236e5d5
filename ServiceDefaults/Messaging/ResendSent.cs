using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>Section <c>Outbox</c>.</summary>
public sealed class OutboxSettings : ISettings
{
    public static string Section => "Outbox";

    /// <summary>After a restore: events that left since then are published once more at the start. Whoever had their effect ignores them.</summary>
    public DateTimeOffset? ResendSince { get; set; }
}

/// <summary>
/// Puts sent events back into the outbox after a restore (docs/decisions/0130): the broker is empty then, and what waited in its queues at the moment that the
/// databases are of would be lost. They keep their message ids, by which the inbox tells who has had their effect, and their places in the order.
/// </summary>
internal sealed partial class ResendSent(
    NpgsqlDataSource dataSource, OutboxRelay relay, OutboxSettings settings, BackgroundJobs jobs, ILogger<ResendSent> logger) : BackgroundJob(jobs)
{
    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (settings.ResendSince is { } since)
        {
            await using var db = await dataSource.OpenConnectionAsync(cancel);
            var again = await db.ExecuteAsync(
                """
                with back as (
                  delete from outbox_sent
                  where sent_at >= @since
                  returning id, message_id, aggregate_id, message_type, body, trace_parent, created_at
                )
                insert into outbox (id, message_id, aggregate_id, message_type, body, trace_parent, created_at)
                overriding system value
                select id, message_id, aggregate_id, message_type, body, trace_parent, created_at from back
                """,
                new { since = since.ToUniversalTime() });
            Log.Again(logger, again, since);
            relay.Wake();
        }

        return Next.Never;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Outbox: {Count} events that left since {Since} are sent again (Outbox:ResendSince)")]
        public static partial void Again(ILogger logger, int count, DateTimeOffset since);
    }
}
