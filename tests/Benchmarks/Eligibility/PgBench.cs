using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>
/// PostgreSQL's own load program on the same table and server. It cannot compute a keyed hash, so it draws a random 64-bit number and takes the next key from
/// there: one descent of the same index and one row, as a look-up by a known key, and as evenly spread.
/// </summary>
internal sealed class PgBench(RunningBilling system)
{
    private const int Clients = 64;

    public async Task Measure(string table, int seconds, Figures figures)
    {
        var script = Path.Combine(system.Folder, "lookup.sql");
        await File.WriteAllTextAsync(script,
            $"""
            \set r random(1, 1000000000000)
            \set k hash_murmur2(:r)
            select family, contract, valid_from, valid_to from {table} where key >= :k order by key limit 1;

            """);
        await Run(script, 2, null);
        var log = Path.Combine(system.Folder, "latency");
        var output = await Run(script, seconds, log);
        var latencies = Directory.GetFiles(system.Folder, "latency.*").SelectMany(File.ReadLines)
            .Select(line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1000).ToArray();
        Array.Sort(latencies);
        var rate = output.Split('\n').First(line => line.StartsWith("tps = ", StringComparison.Ordinal)).Split(' ')[2];
        figures.Add("pgbench_per_s", double.Parse(rate, CultureInfo.InvariantCulture));
        figures.Add("pgbench_p50_ms", Figures.Percentile(latencies, 0.50));
        figures.Add("pgbench_p99_ms", Figures.Percentile(latencies, 0.99));
    }

    private async Task<string> Run(string script, int seconds, string? log)
    {
        var server = new NpgsqlConnectionStringBuilder(system.ConnectionString);
        var start = new ProcessStartInfo(Program())
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "-n", "-M", "prepared", "-c", $"{Clients}", "-j", "2", "-T", $"{seconds}", "-f", script,
                "-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!,
            },
            Environment = { ["PGPASSWORD"] = server.Password },
        };
        if (log is not null)
        {
            // One call in ten: to write all of them down would cost pgbench some of its rate.
            start.ArgumentList.Add("-l");
            start.ArgumentList.Add("--sampling-rate=0.1");
            start.ArgumentList.Add($"--log-prefix={log}");
        }

        start.ArgumentList.Add(server.Database!);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"pgbench failed: {errors}{await output}");
    }

    private static string Program() =>
        Directory.GetFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).Order(StringComparer.Ordinal).LastOrDefault()
        ?? throw new InvalidOperationException("pgbench was not found under /usr/lib/postgresql.");
}
