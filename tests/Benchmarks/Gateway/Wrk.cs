using System.Diagnostics;
using System.Text.Json;

namespace SecondOpinion.Bench.Gateway;

/// <summary>Rounds of one contestant.</summary>
internal sealed class Tally
{
    public List<Wrk.Round> Rounds { get; } = [];

    /// <summary>The middle round: on a shared machine single rounds stray.</summary>
    public double PerSecond => Middle(r => r.Requests / r.Seconds);

    public double P50 => Middle(r => r.P50);

    public double P99 => Middle(r => r.P99);

    private double Middle(Func<Wrk.Round, double> figure) => Rounds.Select(figure).Order().ElementAt(Rounds.Count / 2);
}

/// <summary>Debian's wrk: one thread of C that leaves the two cores to whom it measures. A client in .NET would cost more than the proxies do.</summary>
internal sealed class Wrk(string folder, int callers, string token)
{
    private const string Script = """
        done = function(summary, latency, requests)
          local e = summary.errors
          io.write(string.format('{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"failed":%d}\n', summary.requests, summary.duration / 1e6,
            latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
        end
        """;

    /// <param name="P50">In milliseconds, like the next.</param>
    /// <param name="Failed">Answers of 400 and above, and calls without an answer.</param>
    public sealed record Round(long Requests, double Seconds, double P50, double P99, long Failed);

    public async Task<Round> Run(Uri address, int seconds)
    {
        var script = Path.Combine(folder, "report.lua");
        await File.WriteAllTextAsync(script, Script);
        using var wrk = Process.Start(new ProcessStartInfo("wrk")
        {
            ArgumentList = { "-t1", $"-c{callers}", $"-d{seconds}s", "-s", script, "-H", $"Authorization: Bearer {token}", address.AbsoluteUri },
            RedirectStandardOutput = true,
        })!;
        var said = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var line = said.Split('\n').LastOrDefault(l => l.StartsWith('{')) ?? throw new InvalidOperationException($"wrk measured nothing: {said}");
        var round = JsonSerializer.Deserialize<Round>(line, JsonSerializerOptions.Web)!;
        return round is { Failed: 0, Requests: > 0 }
            ? round
            : throw new InvalidOperationException($"{round.Failed} of {round.Requests} calls of {address} failed: what was measured is not what was meant.");
    }
}
