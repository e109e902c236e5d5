using System.Diagnostics;
using MassTransit;
using SecondOpinion.Contracts.Intake;

namespace SecondOpinion.Bench.Flow;

/// <summary>The limit: the same library, broker, queue type and confirms, with nothing to do.</summary>
internal static class RawBus
{
    public static async Task<double> Measure(Uri broker, int count)
    {
        var received = 0;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bus = Bus.Factory.CreateUsingRabbitMq(x =>
        {
            x.Host(broker);
            x.ReceiveEndpoint("bench-raw", endpoint =>
            {
                endpoint.SetQuorumQueue();
                endpoint.PrefetchCount = 16;
                endpoint.ConcurrentMessageLimit = 8;
                endpoint.ConfigureConsumeTopology = false;
                endpoint.Handler<CaseWithdrawn>(_ =>
                {
                    if (Interlocked.Increment(ref received) == count)
                    {
                        done.TrySetResult();
                    }

                    return Task.CompletedTask;
                });
            });
        });
        await bus.StartAsync();
        var endpoint = await bus.GetSendEndpoint(new Uri("exchange:bench-raw"));
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (_, cancel) =>
            await endpoint.Send(new CaseWithdrawn { CaseId = Guid.CreateVersion7(), WithdrawnAt = DateTimeOffset.UnixEpoch }, cancel));
        await done.Task.WaitAsync(TimeSpan.FromMinutes(2));
        var rate = count / watch.Elapsed.TotalSeconds;
        await bus.StopAsync();
        return rate;
    }
}
