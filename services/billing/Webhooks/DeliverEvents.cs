using System.Collections.Concurrent;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using StandardWebhooks;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>
/// Brings events to the addresses. One instance works on an address at a time (a lease, so that nothing is held while a stranger thinks), on several subjects
/// at once, and on one event of a subject: the next one waits until it was taken or given up. A slow address holds up one worker, a dead one nobody: after a
/// row of failures it is left alone, and tried with a single event from time to time.
/// </summary>
internal sealed class DeliverEvents(
    NpgsqlDataSource dataSource, DeliveryLedger ledger, PostEvent post, WebhookSecrets secrets, WebhookMetrics metrics, BackgroundJobs jobs)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>No post begins later in a turn; the longest answer and the writing down still end before the lease.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(90);
    private const int Batch = 200;
    private static readonly ParallelOptions Together = new() { MaxDegreeOfParallelism = 16 };

    protected override int Workers => 4;

    /// <summary>One turn at one address that has something due.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> RunOne(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await ledger.Take(db, Time.GetUtcNow(), Lease) is not { } target)
        {
            return false;
        }

        await db.CloseAsync();
        try
        {
            await Work(target, cancel);
        }
        finally
        {
            await db.OpenAsync(CancellationToken.None);
            await DeliveryLedger.GiveBack(db, target, Time.GetUtcNow());
        }

        return true;
    }

    protected override async Task<Next> Pass(CancellationToken cancel) => await RunOne(cancel) ? Next.Now : Next.After(Interval);

    private async Task Work(DeliveryLedger.Target target, CancellationToken cancel)
    {
        var signing = Signing(target);
        var began = Time.GetTimestamp();
        var isOpen = target.IsTried;
        while (Time.GetElapsedTime(began) < Turn)
        {
            var due = await ledger.Due(target.Id, Time.GetUtcNow(), isOpen ? 1 : Batch, cancel);
            var posted = new ConcurrentBag<(DeliveryLedger.DueDelivery, Posted)>();
            await Parallel.ForEachAsync(due, Together, async (delivery, _) =>
            {
                if (Time.GetElapsedTime(began) < Turn && !cancel.IsCancellationRequested)
                {
                    posted.Add((delivery, await post.To(target.Url, signing, delivery.DeliveryId, delivery.Message)));
                }
            });
            if (posted.IsEmpty)
            {
                return;
            }

            // What was posted is written down, also while the service stops: an event that was taken does not come again.
            var outcome = await ledger.Settle(target.Id, [.. posted.OrderBy(p => p.Item2.At)], Time.GetUtcNow());
            metrics.Posted(outcome);
            if (outcome.IsLeftAlone)
            {
                return;
            }

            isOpen = false;
        }
    }

    private List<StandardWebhook> Signing(DeliveryLedger.Target target)
    {
        List<StandardWebhook> signing = [new(secrets.Open(target.Id, target.KeyId, target.Secret))];
        if (target.FormerSecret is { } former && target.FormerUntil > Time.GetUtcNow())
        {
            signing.Add(new(secrets.Open(target.Id, target.FormerKeyId!, former)));
        }

        return signing;
    }
}
