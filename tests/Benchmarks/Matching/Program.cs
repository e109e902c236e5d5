using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SecondOpinion.Bench.Matching;
using SecondOpinion.Matching.Choosing;

// ./bench matching: open cases over the 350 sample référents. The flow beside the exact optimum of another solver and beside one case after the other;
// one case alone; growth; and a simulated year, in which physicians decline and fall silent.
var quick = args.Contains("--quick");
var invariant = CultureInfo.InvariantCulture;
var now = new DateTimeOffset(2026, 11, 30, 8, 0, 0, TimeSpan.Zero);
var world = World.Load();
var figures = new Dictionary<string, double> { ["physicians"] = world.Physicians.Count };

Console.WriteLine(string.Create(invariant, $"{world.Physicians.Count} physicians, {world.Pathologies.Count} diseases"));

// 10,000 cases at once, with places for nine tenths of them: what cannot be served must be the least urgent.
const int Open = 10_000;
var waiting = world.Cases(Open, now, seed: 1);
var experts = world.Experts(placesInAll: Open * 9 / 10);
Assignment.Of(waiting.Take(500).ToList(), experts, now);
var (plan, seconds) = Timed(() => Assignment.Of(waiting, experts, now));
var (optimum, peerSeconds) = Timed(() => Optimum.Of(waiting, experts, now));
var (greedy, greedySeconds) = Timed(() => Greedy.Of(waiting, experts, now));
var cost = Optimum.CostOf(plan, waiting, experts, now);
figures["cases"] = Open;
figures["assignment_seconds"] = seconds;
figures["exact_peer_seconds"] = peerSeconds;
figures["ratio_vs_glop"] = peerSeconds / seconds;
figures["gap_vs_optimum_percent"] = (cost - optimum) / optimum * 100;
figures["served"] = plan.Count;
figures["served_one_by_one"] = greedy.Count;
Console.WriteLine(string.Create(invariant, $"{"",-34}{"seconds",10}{"served",10}{"cost",18}"));
Console.WriteLine(string.Create(invariant, $"{"all at once (min-cost flow)",-34}{seconds,10:0.000}{plan.Count,10}{cost,18:0}"));
Console.WriteLine(string.Create(invariant, $"{"exact optimum (linear programme)",-34}{peerSeconds,10:0.000}{"",10}{optimum,18:0}"));
Console.WriteLine(string.Create(
    invariant, $"{"one after the other",-34}{greedySeconds,10:0.000}{greedy.Count,10}{Optimum.CostOf(greedy, waiting, experts, now),18:0}"));
Console.WriteLine(string.Create(invariant, $"Gap to the optimum: {figures["gap_vs_optimum_percent"]:0.0000} %"));

// One case that comes alone, as OfferCompletedCase asks.
var alone = new List<double>();
foreach (var one in waiting)
{
    var start = Stopwatch.GetTimestamp();
    Choice.Choose(one.Case, experts, now);
    alone.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
}

alone.Sort();
figures["single_p50_ms"] = alone[alone.Count / 2];
figures["single_p99_ms"] = alone[(int)(alone.Count * 0.99)];
Console.WriteLine(string.Create(
    invariant, $"One case alone: p50 {figures["single_p50_ms"]:0.000} ms, p99 {figures["single_p99_ms"]:0.000} ms (without the database)"));

foreach (var count in quick ? (int[])[1_000, 10_000, 30_000] : [1_000, 10_000, 100_000])
{
    var many = world.Cases(count, now, seed: 2);
    var places = world.Experts(placesInAll: count * 9 / 10);
    var (_, took) = Timed(() => Assignment.Of(many, places, now));
    figures[$"growth_{count / 1000}k_seconds"] = took;
    Console.WriteLine(string.Create(invariant, $"{count,8} cases: {took:0.000} s, {took / count * 1e6:0.0} µs a case"));
}

// The same year twice: 10,000 cases, one in five offers declined, one in twenty left unanswered.
Console.WriteLine($"{"a simulated year",-34}{"in 7 days",10}{"offers",10}{"Gini",10}{"longest wait h",16}{"by coordinator",16}");
foreach (var (name, together) in ((string, bool)[])[("together", true), ("one by one", false)])
{
    var year = Year.Simulate(world, cases: 10_000, together, seed: 7);
    var key = together ? "year" : "year_one_by_one";
    figures[$"{key}_within_7_days_percent"] = year.InTime * 100;
    figures[$"{key}_offers_per_case"] = year.Offers;
    figures[$"{key}_gini_of_load"] = year.Gini;
    figures[$"{key}_longest_wait_hours"] = year.LongestWait;
    figures[$"{key}_by_coordinator_percent"] = year.Coordinated * 100;
    Console.WriteLine(string.Create(
        invariant, $"{name,-34}{year.InTime,10:P2}{year.Offers,10:0.00}{year.Gini,10:0.000}{year.LongestWait,16:0}{year.Coordinated,16:P2}"));
}

var path = Path.Combine(Directory.CreateDirectory(Path.Combine("artifacts", "bench")).FullName, "matching.json");
File.WriteAllText(path, JsonSerializer.Serialize(
    new { name = "matching", figures = figures.ToDictionary(f => f.Key, f => Math.Round(f.Value, 6)) }, new JsonSerializerOptions { WriteIndented = true }));
Console.WriteLine("Written to artifacts/bench/matching.json");
return 0;

static (T Result, double Seconds) Timed<T>(Func<T> work)
{
    var watch = Stopwatch.StartNew();
    var result = work();
    return (result, watch.Elapsed.TotalSeconds);
}
