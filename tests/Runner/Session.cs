using System.Text.Json;
using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Runner;

/// <summary>
/// One run: a pair of servers for all, two projects at a time (tests wait on servers more than they compute), the longest first as of the last run, and those
/// that run alone at the end.
/// </summary>
internal static class Session
{
    private const int AtOnce = 2;
    private static readonly TimeSpan ServerStart = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <exception cref="CannotStartException">PostgreSQL or RabbitMQ did not start: then nothing ran.</exception>
    public static async Task Run(IReadOnlyList<Chosen> chosen, string folder, Report report, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var data = Directory.CreateTempSubdirectory("secondopinion-test-").FullName;
        try
        {
            await using var servers = chosen.Any(c => c.NeedsServers) ? await Start(data, report, cancel) : null;
            var durations = await Durations.Read(folder);
            report.Say($"Running {string.Join(' ', chosen.Select(c => c.Project.Name))}…");
            var environment = Environment(servers);
            var runs = chosen.Select(c => new TestRun(c, environment, Path.Combine(folder, $"{c.Project.Name}.log")))
                .OrderByDescending(r => r.Project.RunsFirst).ThenByDescending(r => durations.GetValueOrDefault(r.Name, double.MaxValue))
                .ThenBy(r => r.Name, StringComparer.Ordinal).ToList();
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var progress = Progress(runs, report, ended.Token);
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
            await Parallel.ForEachAsync(runs.Where(r => !r.Project.RunsAlone), options, (run, token) => One(run, report, token));
            foreach (var run in runs.Where(r => r.Project.RunsAlone))
            {
                await One(run, report, cancel);
            }

            await ended.CancelAsync();
            await progress;
            foreach (var run in runs.Where(r => r.IsWhole))
            {
                durations[run.Name] = run.Elapsed.TotalSeconds;
            }

            await Durations.Write(folder, durations);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<PrivateServers> Start(string data, Report report, CancellationToken cancel)
    {
        report.Say("Starting PostgreSQL and RabbitMQ for the tests…");
        // As root they run under an account of their own, which has to reach its folder.
        File.SetUnixFileMode(
            data, File.GetUnixFileMode(data) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ServerStart);
        try
        {
            return await PrivateServers.Start(Path.Combine(data, "servers"), broker: true, limit.Token);
        }
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            throw new CannotStartException($"PostgreSQL and RabbitMQ did not answer within {ServerStart.TotalSeconds} s ({late.Message}).");
        }
    }

    private static Dictionary<string, string> Environment(PrivateServers? servers) => servers is null ? [] : new()
    {
        ["SECONDOPINION_TEST_POSTGRES"] = servers.Postgres.ConnectionString,
        ["SECONDOPINION_TEST_RABBITMQ"] = servers.RabbitMQ!.Address.ToString(),
        ["SECONDOPINION_TEST_RABBITMQ_MANAGEMENT"] = servers.RabbitMQ.Management.ToString(),
    };

    private static async ValueTask One(TestRun run, Report report, CancellationToken cancel)
    {
        await run.Run(cancel);
        report.Add(run);
    }

    /// <summary>A line now and then while nothing else is said.</summary>
    private static async Task Progress(List<TestRun> runs, Report report, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(Silence);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                report.Say($"… {string.Join(", ", runs.Where(r => r.IsRunning).Select(r => $"{r.Name} {r.Ended} ended ({r.Elapsed.TotalSeconds:0} s)"))}");
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    /// <summary>Seconds of each project's last whole run.</summary>
    private static class Durations
    {
        public static async Task<Dictionary<string, double>> Read(string folder) => File.Exists(FileOf(folder))
            ? JsonSerializer.Deserialize<Dictionary<string, double>>(await File.ReadAllTextAsync(FileOf(folder)))!
            : [];

        public static Task Write(string folder, Dictionary<string, double> seconds) =>
            File.WriteAllTextAsync(FileOf(folder), JsonSerializer.Serialize(seconds));

        private static string FileOf(string folder) => Path.Combine(folder, "seconds.json");
    }
}
