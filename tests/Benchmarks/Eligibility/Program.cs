using System.Diagnostics;
using System.Globalization;
using SecondOpinion.Bench.Eligibility;

// ./bench eligibility [--quick | --rows N]: a roster through the public path beside COPY of the same rows, and checks beside pgbench on the same table.
var quick = args.Contains("--quick");
var at = Array.IndexOf(args, "--rows");
var rows = at >= 0 ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : quick ? 1_000_000 : 5_000_000;
var few = Math.Min(1_000_000, rows / 5);
var seconds = quick ? 3 : 10;
var (warmUpMin, warmUpMax) = quick ? (3, 9) : (20, 40);

var watch = Stopwatch.StartNew();
var figures = new Figures();
await using var system = await RunningBilling.Start(quick);
var roster = new RosterFile(system.Folder);
var import = new ImportMeasurement(system, figures);
var checks = new CheckMeasurement(system, figures);

// A first, smaller roster: it answers while the large one comes in, and tells whether checks slow down with size.
Console.WriteLine($"Roster of {few:N0} lines…");
var insurer = await system.AddInsurer("99000901");
await import.Run(insurer, roster.Write(few), few);
await checks.WarmUp(few, warmUpMin, warmUpMax);
var fewRate = await checks.Unary(few, seconds, "check_few_rows");

Console.WriteLine($"Roster of {rows:N0} lines, while checks go on…");
var file = roster.Write(rows);
using (var prober = await checks.Probe(few, TimeSpan.FromSeconds(quick ? 2 : 5)))
{
    await import.Measure(insurer, file, rows, during: prober);
}

var table = await system.RosterTable(insurer);
await import.MeasureDisk(table, rows);
Console.WriteLine("The limit: COPY of the same rows ready-made, and the same indexes…");
await import.MeasureCopy(table);

Console.WriteLine("Checks by gRPC, beside pgbench…");
await checks.WarmUp(rows, warmUpMin / 2, warmUpMax / 2);
var rate = await checks.Unary(rows, seconds, "check");
figures.Add("check_rate_ratio_all_to_few_rows", rate / fewRate);
await checks.Many(rows, 20_000);
figures.Add("check_many_per_s", await checks.Many(rows, 100_000));
await new PgBench(system).Measure(table, seconds, figures);
figures.Add("ratio_vs_pgbench", rate / figures["pgbench_per_s"]);
figures.Add("check_many_ratio_vs_pgbench", figures["check_many_per_s"] / figures["pgbench_per_s"]);
figures.Add("p99_ratio_vs_pgbench", figures["check_p99_ms"] / figures["pgbench_p99_ms"]);

figures.Add("bench_s", watch.Elapsed.TotalSeconds);
figures.Add("rows", rows);
figures.Add("few_rows", few);
figures.Write("eligibility");
