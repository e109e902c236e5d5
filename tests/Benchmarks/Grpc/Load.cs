using System.Diagnostics;

namespace SecondOpinion.Bench.Grpc;

/// <summary>Calls per second and how long they took, over all rounds of one contestant.</summary>
internal sealed class Tally
{
    private readonly List<double> latencies = [];
    private readonly List<double> rates = [];

    public long Calls { get; private set; }

    /// <summary>The middle round: on a shared machine single rounds stray.</summary>
    public double PerSecond => Load.Percentile(rates, 0.5);

    public double P50Microseconds => Load.Percentile(latencies, 0.50);

    public double P99Microseconds => Load.Percentile(latencies, 0.99);

    public void Add(IReadOnlyList<double> round, double seconds)
    {
        latencies.AddRange(round);
        rates.Add(round.Count / seconds);
        Calls += round.Count;
    }

    public void Add(double perSecond, double p50, double p99)
    {
        rates.Add(perSecond);
        latencies.AddRange([p50, p50, p99]);
    }
}

internal static class Load
{
    /// <summary>As many callers as told call one after another until the time is up; latencies in microseconds.</summary>
    public static async Task<List<double>> RunAsync(int callers, TimeSpan time, Func<Task> call)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        async Task<List<double>> Caller()
        {
            var mine = new List<double>(1 << 14);
            for (var now = Stopwatch.GetTimestamp(); now < end;)
            {
                await call();
                var after = Stopwatch.GetTimestamp();
                mine.Add((after - now) * 1e6 / Stopwatch.Frequency);
                now = after;
            }

            return mine;
        }

        var all = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(Caller)));
        return [.. all.SelectMany(mine => mine)];
    }

    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }
}
