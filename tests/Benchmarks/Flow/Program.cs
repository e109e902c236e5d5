using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.AppHost;
using SecondOpinion.Bench.Flow;

// ./bench flow: cases through the gateway at a fixed concurrency, beside the raw publish-and-consume rate of the same broker in the same run.
var quick = args.Contains("--quick");
var cases = quick ? 80 : 2000;
const int Concurrency = 16;

Console.WriteLine("Starting the whole system in a temporary folder…");
var data = Directory.CreateTempSubdirectory("secondopinion-flow-").FullName;
using var cleanUp = new TemporaryFolder(data);
// A local run does without them to start faster; what is measured here is how the services run for months.
Environment.SetEnvironmentVariable("DOTNET_TieredPGO", "1");
var builder =
    await DistributedApplicationTestingBuilder.CreateAsync<Entry>(["--no-demo=true", $"--data={data}", "--dashboard=off", "--Logging:LogLevel:Default=None"]);
await using var app = await builder.BuildAsync();
await app.StartAsync();
using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
foreach (var resource in app.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<ProjectResource>())
{
    await app.ResourceNotifications.WaitForResourceHealthyAsync(resource.Name, limit.Token);
}

var broker = new Uri((await app.GetConnectionStringAsync("rabbitmq"))!);
using var identity = new LocalIdentity(app.GetEndpoint("identity", "http"), data);
var client = new CaseClient(app.GetEndpoint("gateway", "http"), identity);

await client.AdmitPhysicians();
await client.RunCases(Concurrency * 2, Concurrency); // warm-up: JIT, pools, queues

await using var events = new RecordedEvents((await app.GetConnectionStringAsync("reporting-database"))!);
var before = await events.Settled();
var start = Stopwatch.GetTimestamp();
var run = await client.RunCases(cases, Concurrency);
var opened = Stopwatch.GetElapsedTime(start);
var offers = await client.AwaitOffers(run);
var whole = Stopwatch.GetElapsedTime(start);
var after = await events.Settled();
var messages = after.Count - before.Count;
var messagesPerSecond = messages / Stopwatch.GetElapsedTime(start, after.LastSeen).TotalSeconds;

Console.WriteLine("Measuring the bus by itself…");
var raw = await RawBus.Measure(broker, quick ? 3_000 : 20_000);

var figures = new Dictionary<string, double>
{
    ["cases"] = cases,
    ["concurrency"] = Concurrency,
    ["http_requests_per_case"] = CaseClient.RequestsPerCase,
    ["cases_submitted_per_s"] = cases / opened.TotalSeconds,
    ["cases_offered_per_s"] = cases / whole.TotalSeconds,
    ["submission_to_offer_p50_ms"] = Percentile(offers, 0.50),
    ["submission_to_offer_p99_ms"] = Percentile(offers, 0.99),
    ["submit_call_p50_ms"] = Percentile(run.Select(r => r.SubmitMs), 0.50),
    ["submit_call_p99_ms"] = Percentile(run.Select(r => r.SubmitMs), 0.99),
    ["messages_per_s"] = messagesPerSecond,
    ["messages_per_case"] = (double)messages / cases,
    ["raw_bus_messages_per_s"] = raw,
    ["ratio_vs_raw_bus"] = messagesPerSecond / raw,
};

Console.WriteLine();
Console.WriteLine($"{"figure",-30} {"value",14}");
foreach (var (name, value) in figures)
{
    Console.WriteLine($"{name,-30} {value.ToString("N2", CultureInfo.InvariantCulture),14}");
}

Console.WriteLine();
Console.WriteLine(
    "ratio_vs_raw_bus: share of the broker's own publish-and-consume rate that the flow used; the rest of the time is five databases, HTTP and encryption.");
Directory.CreateDirectory("artifacts/bench");
await File.WriteAllTextAsync("artifacts/bench/flow.json", JsonSerializer.Serialize(
    new { name = "flow", figures = figures.ToDictionary(f => f.Key, f => Math.Round(f.Value, 3)) }, new JsonSerializerOptions { WriteIndented = true }));
return 0;

static double Percentile(IEnumerable<double> values, double share)
{
    var sorted = values.Order().ToArray();
    return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}

/// <summary>Gone with the run, which holds only what the bench made.</summary>
internal sealed class TemporaryFolder(string path) : IDisposable
{
    public void Dispose() => Directory.Delete(path, recursive: true);
}
