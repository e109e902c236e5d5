using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Bench.Report;

/// <summary>
/// <c>./bench report [--quick]</c>: the mission report over ten years of facts, as data and as PDF, and over one; how soon an event is in the facts; and events
/// a second through the bus into the facts, beside COPY of the same rows into the same table.
/// </summary>
internal static class Bench
{
    private const int FirstYear = 2016;
    private const int LastYear = 2025;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task<int> Main(string[] args)
    {
        var quick = args.Contains("--quick");
        var cases = quick ? 20_000 : 100_000;
        var folder = Directory.CreateTempSubdirectory("bench-report-").FullName;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // With the settings of a server whose data matter.
        await using var servers = await PrivateServers.Start(folder, broker: true, limit.Token, throwaway: false);
        Environment.SetEnvironmentVariable("SECONDOPINION_TEST_POSTGRES", servers.Postgres.ConnectionString);
        Environment.SetEnvironmentVariable("SECONDOPINION_TEST_RABBITMQ", servers.RabbitMQ!.Address.AbsoluteUri);
        Environment.SetEnvironmentVariable("SECONDOPINION_TEST_RABBITMQ_MANAGEMENT", servers.RabbitMQ.Management.AbsoluteUri);
        // Tests are told by their build where a service's settings lie; here there are none to find.
        Environment.SetEnvironmentVariable("ASPNETCORE_TEST_CONTENTROOT_SECONDOPINION_REPORTING", AppContext.BaseDirectory);
        var figures = new Dictionary<string, double> { ["years"] = LastYear - FirstYear + 1, ["cases_a_year"] = cases };
        await using (var service = await ServiceUnderTest<Program>.Start("reporting"))
        {
            await Measure(service, cases, quick, figures);
        }

        foreach (var (name, value) in figures)
        {
            Console.WriteLine($"{name,-34} {value.ToString("N3", CultureInfo.InvariantCulture),14}");
        }

        var path = Path.Combine(Directory.CreateDirectory(Path.Combine("artifacts", "bench")).FullName, "report.json");
        var rounded = figures.ToDictionary(f => f.Key, f => Math.Round(f.Value, 4));
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { name = "report", figures = rounded }, Indented));
        Console.WriteLine("Written to artifacts/bench/report.json");
        return 0;
    }

    private static async Task Measure(ServiceUnderTest<Program> service, int cases, bool quick, Dictionary<string, double> figures)
    {
        var ops = service.Http(TestTokens.Of(Roles.Ops));
        var world = new ReportWorld(service.Data);
        await world.Add(LastYear, cases);
        await world.Settle();
        // Fonts, JIT, plans.
        await Seconds(() => ops.GetByteArrayAsync($"/api/v1/reports/mission/{LastYear}/pdf"));
        figures["mission_report_1_year_s"] = await Median(() => ops.GetByteArrayAsync($"/api/v1/reports/mission/{LastYear}"));
        for (var year = FirstYear; year < LastYear; year++)
        {
            await world.Add(year, cases);
        }

        await world.Settle();
        await Seconds(() => ops.GetByteArrayAsync($"/api/v1/reports/mission/{LastYear}"));
        figures["mission_report_data_s"] = await Median(() => ops.GetByteArrayAsync($"/api/v1/reports/mission/{LastYear}"));
        figures["mission_report_s"] = await Median(() => ops.GetByteArrayAsync($"/api/v1/reports/mission/{LastYear}/pdf"));
        figures["growth_1_to_10_years"] = figures["mission_report_data_s"] / figures["mission_report_1_year_s"];

        await Visible(service, quick ? 200 : 1000, figures);
        figures["events_per_s"] = await Throughput(service, quick ? 2_000 : 10_000);
        figures["copy_rows_per_s"] = await world.Copy(quick ? 20_000 : 100_000);
        figures["ratio_events_vs_copy"] = figures["events_per_s"] / figures["copy_rows_per_s"];
    }

    /// <summary>From the moment an event is published, 20 a second, until its fact can be read: figures are computed when they are asked for.</summary>
    private static async Task Visible(ServiceUnderTest<Program> service, int events, Dictionary<string, double> figures)
    {
        var waits = new ConcurrentBag<double>();
        await service.Broker.Publish(Delivered());
        var watchers = new List<Task>();
        for (var i = 0; i < events; i++)
        {
            var delivered = Delivered();
            var start = Stopwatch.GetTimestamp();
            await service.Broker.Publish(delivered);
            watchers.Add(Watch(delivered.CaseId, start));
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        await Task.WhenAll(watchers);
        var sorted = waits.Order().ToArray();
        figures["event_visible_p50_s"] = sorted[sorted.Length / 2];
        figures["event_visible_p99_s"] = sorted[(int)(sorted.Length * 0.99)];

        async Task Watch(Guid caseId, long start)
        {
            await using var db = await service.Data.OpenConnectionAsync();
            while (!await db.ExecuteScalarAsync<bool>("select exists (select from case_fact where case_id = @caseId)", new { caseId }))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(2));
            }

            waits.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    private static async Task<double> Throughput(ServiceUnderTest<Program> service, int events)
    {
        var all = Enumerable.Range(0, events).Select(_ => Delivered()).ToList();
        var ids = all.Select(e => e.CaseId).ToArray();
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (e, _) => await service.Broker.Publish(e));
        await using var db = await service.Data.OpenConnectionAsync();
        while (await db.ExecuteScalarAsync<int>("select count(*) from case_fact where case_id = any(@ids)", new { ids }) < events)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        return events / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static OpinionDelivered Delivered() => new()
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = Guid.CreateVersion7(),
        PhysicianId = Guid.CreateVersion7(),
        Version = 1,
        DeliveredAt = new DateTimeOffset(LastYear, 7, 1, 9, 0, 0, TimeSpan.Zero),
    };

    private static async Task<double> Median(Func<Task> work)
    {
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            times.Add(await Seconds(work));
        }

        return times.Order().ElementAt(2);
    }

    private static async Task<double> Seconds(Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
