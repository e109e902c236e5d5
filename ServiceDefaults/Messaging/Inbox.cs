using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>Gives a message its effect once: the mark and the effect commit together, so a redelivery finds the mark and does nothing.</summary>
public sealed class Inbox(NpgsqlDataSource dataSource, ServiceMetrics metrics)
{
    /// <param name="delivery">The message as it came.</param>
    /// <param name="consumer">The consumer's name: two consumers of one message each have their own effect.</param>
    /// <param name="effect">Runs inside the transaction; what it throws rolls back and lets the message be tried again.</param>
    public Task Once<T>(Delivery<T> delivery, string consumer, Func<NpgsqlConnection, Task> effect) where T : class
    {
        return dataSource.InTransaction(async db =>
        {
            var first = await db.ExecuteAsync(
                "insert into inbox (message_id, consumer) values (@MessageId, @consumer) on conflict do nothing",
                new { delivery.MessageId, consumer });
            if (first == 0)
            {
                metrics.InboxDuplicate(consumer);
                return;
            }

            await effect(db);
        }, delivery.Cancel);
    }
}
