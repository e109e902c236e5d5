using System.Diagnostics;
using Grpc.Core;
using SecondOpinion.Contracts.Billing.V1;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>Questions by gRPC about random people of the roster; every answer is looked at.</summary>
internal sealed class CheckMeasurement
{
    private const int Callers = 64;
    private const int Channels = 4;
    private const string Amc = "99000901";
    private readonly Contracts.Billing.V1.Eligibility.EligibilityClient[] _clients;
    private readonly Figures _figures;

    public CheckMeasurement(RunningBilling system, Figures figures)
    {
        _figures = figures;
        _clients = [.. Enumerable.Range(0, Channels).Select(_ => new Contracts.Billing.V1.Eligibility.EligibilityClient(system.Channel()))];
    }

    private static DateTime Soon => DateTime.UtcNow.AddSeconds(30);

    /// <summary>Until a second brings no more than the ones before: code is compiled, connections are open, pages are in memory.</summary>
    public async Task WarmUp(int rows, int minSeconds, int maxSeconds)
    {
        var best = 0.0;
        for (var second = 0; second < maxSeconds; second++)
        {
            var (rate, _) = await Load(rows, TimeSpan.FromSeconds(1));
            if (rate < best * 1.02 && second >= minSeconds)
            {
                return;
            }

            best = Math.Max(best, rate);
        }
    }

    /// <returns>Checks per second.</returns>
    public async Task<double> Unary(int rows, int seconds, string? label)
    {
        var (rate, latencies) = await Load(rows, TimeSpan.FromSeconds(seconds));
        if (label is not null)
        {
            _figures.Add($"{label}_per_s", rate);
            _figures.Add($"{label}_p50_ms", Figures.Percentile(latencies, 0.50));
            _figures.Add($"{label}_p99_ms", Figures.Percentile(latencies, 0.99));
        }

        return rate;
    }

    /// <returns>Persons per second.</returns>
    public async Task<double> Many(int rows, int persons)
    {
        using var call = _clients[0].CheckMany(deadline: DateTime.UtcNow.AddMinutes(5));
        var random = new Random(7);
        var watch = Stopwatch.StartNew();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < persons; i++)
            {
                await call.RequestStream.WriteAsync(Question(random.Next(rows)));
            }

            await call.RequestStream.CompleteAsync();
        });
        var covered = 0;
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            covered += reply.Covered ? 1 : 0;
        }

        await sending;
        Expect(covered == persons, $"{persons - covered} of {persons} people were not covered.");
        return persons / watch.Elapsed.TotalSeconds;
    }

    /// <summary>Asks at a low, steady pace, so that what is measured is how long an answer takes, not how many fit.</summary>
    public async Task<Prober> Probe(int rows, TimeSpan before)
    {
        var prober =
            new Prober(
                async random =>
                    Expect((await _clients[0].CheckAsync(Question(random.Next(rows)), deadline: Soon)).Covered, "a person of the roster is not covered"));
        await prober.MeasureBefore(before);
        return prober;
    }

    private async Task<(double Rate, double[] Latencies)> Load(int rows, TimeSpan time)
    {
        var latencies = new List<double>[Callers];
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller + rows);
            var client = _clients[caller % Channels];
            var mine = latencies[caller] = [];
            while (watch.Elapsed < time)
            {
                var started = Stopwatch.GetTimestamp();
                var reply = await client.CheckAsync(Question(random.Next(rows)), deadline: Soon);
                mine.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                Expect(reply.Covered, $"A person of the roster is not covered: {reply.RefusalCode}");
            }
        })));
        var elapsed = watch.Elapsed.TotalSeconds;
        var all = latencies.SelectMany(l => l).ToArray();
        Array.Sort(all);
        return (all.Length / elapsed, all);
    }

    private static CheckRequest Question(int person) =>
        new() { AmcNumber = Amc, MemberNumber = RosterFile.Member(person), BirthDate = RosterFile.BirthDate(person), BirthRank = 1 };

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}

/// <summary>Measures how long single answers take, before something and during it.</summary>
internal sealed class Prober(Func<Random, Task> ask) : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private readonly CancellationTokenSource _stop = new();
    private Task<double>? _during;

    public double Before { get; private set; }

    public async Task MeasureBefore(TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        Before = await Run(limit.Token);
    }

    public void Begin() => _during = Task.Run(() => Run(_stop.Token));

    public async Task<double> End()
    {
        await _stop.CancelAsync();
        return await _during!;
    }

    public void Dispose() => _stop.Dispose();

    /// <returns>The 99th percentile in milliseconds.</returns>
    private async Task<double> Run(CancellationToken stop)
    {
        var random = new Random(1);
        var latencies = new List<double>();
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            await ask(random);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(Pace, CancellationToken.None);
        }

        var all = latencies.ToArray();
        Array.Sort(all);
        return Figures.Percentile(all, 0.99);
    }
}
