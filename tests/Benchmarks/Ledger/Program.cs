using System.Diagnostics;
using SecondOpinion.Bench.Eligibility;
using SecondOpinion.Bench.Ledger;

// ./bench ledger [--quick]: entries of the ledger beside the same inserts without the rule of balance; then months of 1,000, 10,000 and 100,000 opinions that
// the running service invoices and orders the fees of, and a small month after the large one: what history costs.
var quick = args.Contains("--quick");
var each = TimeSpan.FromSeconds(quick ? 0.8 : 5);

var watch = Stopwatch.StartNew();
var figures = new Figures();
await using var system = await RunningBilling.Start(quick);
await using var postings = new Postings(system, figures);
var months = new Months(system, figures);

Console.WriteLine("Entries of four lines, one a commit, beside the same without the rule of balance…");
await postings.Compare("", perCommit: 1, each);
Console.WriteLine("The same, a hundred a commit: what the disk takes weighs less…");
await postings.Compare("batched_", perCommit: 100, each);

Console.WriteLine("Delivered opinions, booked as their message does…");
await months.Prepare();
await postings.Opinions(months.Insurers, quick ? 2_000 : 10_000);

foreach (var (opinions, name) in ((int, string)[])[(1_000, "1k"), (10_000, "10k"), (100_000, "100k")])
{
    Console.WriteLine($"A month of {opinions:N0} opinions…");
    await months.Close(opinions, name);
}

Console.WriteLine("A month of 1,000 again, on top of all that…");
await months.Close(1_000, "1k_later");
figures.Add("monthly_run_s", figures["invoices_100k_s"] + figures["fees_100k_s"]);
figures.Add("monthly_growth_1k_to_100k", figures["monthly_run_s"] / (figures["invoices_1k_s"] + figures["fees_1k_s"]));
figures.Add("history_ratio", (figures["invoices_1k_later_s"] + figures["fees_1k_later_s"]) / (figures["invoices_1k_s"] + figures["fees_1k_s"]));
await months.Books();

Console.WriteLine("Entries again, in the large ledger…");
figures.Add("postings_large_per_s", await postings.Rate(perCommit: 1, each));
figures.Add("postings_large_ratio", figures["postings_large_per_s"] / figures["postings_per_s"]);
figures.Add("service_peak_mb", system.PeakMegabytes());
figures.Add("bench_s", watch.Elapsed.TotalSeconds);
figures.Write("ledger");
