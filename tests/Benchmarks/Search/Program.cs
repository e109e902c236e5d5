using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.Bench.Search;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Servers;

// ./bench search: the queries of tests/data through the in-memory index (also over HTTP), plain ilike and a trigram index, in one run on one machine.
var quick = args.Contains("--quick");
var rounds = quick ? 2 : 5;
var queries = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "search-queries.csv")).Skip(1).Select(l => l.Split(';'))
    .Select(c => (Text: c[0], Expected: c[1])).ToList();
var catalogue = PathologyCatalogue.Load();
var build = Stopwatch.StartNew();
var index = new PathologyIndex(catalogue.Pathologies);
var buildMs = build.Elapsed.TotalMilliseconds;

var data = Directory.CreateTempSubdirectory("secondopinion-bench-").FullName;
using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
var servers = await PrivateServers.Start(data, broker: false, limit.Token);
try
{
    await using var dataSource = NpgsqlDataSource.Create(servers.Postgres.ConnectionString);
    var database = new DatabaseSearch(dataSource);
    await database.Load(catalogue.Pathologies);
    if (!(await database.TrigramPlan()).Contains("phrase_trigram", StringComparison.Ordinal))
    {
        throw new InvalidOperationException("The trigram index is not used: the comparison would not be one.");
    }

    await using var web = await StartWeb();
    using var http =
        new HttpClient { BaseAddress = new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    var results = new List<Result>
    {
        await Measure("index", q => Task.FromResult<string[]>([.. index.Search(q, 5).Select(h => h.Pathology.Code)])),
        await Measure("http", async q =>
        {
            using var response = await http.PostAsJsonAsync("/pathologies/search", new { q, limit = 5 });
            using var answer = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
            return [.. answer.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("code").GetString()!)];
        }),
        await Measure("ilike", database.Ilike),
    };
    await database.Reset();
    results.Add(await Measure("pg_trgm", database.Trigram));
    await database.Reset();
    Report(results);
}
finally
{
    await servers.DisposeAsync();
    Directory.Delete(data, recursive: true);
}

return 0;

async Task<WebApplication> StartWeb()
{
    var web = WebApplication.CreateSlimBuilder();
    web.Logging.ClearProviders();
    web.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
    web.Services.AddSingleton(catalogue);
    web.Services.AddSingleton(index);
    var app = web.Build();
    SearchPathologies.Map(app.MapGroup(""));
    await app.StartAsync();
    return app;
}

async Task<Result> Measure(string name, Func<string, Task<string[]>> search)
{
    var found = 0;
    foreach (var (text, expected) in queries)
    {
        found += (await search(text)).Contains(expected) ? 1 : 0;
    }

    // As typed: each query also letter by letter from the third, which is what a search box asks.
    var typed = queries.SelectMany(q => Enumerable.Range(3, Math.Max(0, q.Text.Length - 2)).Select(n => q.Text[..Math.Min(n, q.Text.Length)])).Distinct()
        .Where((_, i) => !quick || i % 8 == 0).ToList();
    foreach (var text in typed)
    {
        await search(text);
    }

    var times = new List<double>(typed.Count * rounds);
    for (var round = 0; round < rounds; round++)
    {
        foreach (var text in typed)
        {
            var start = Stopwatch.GetTimestamp();
            await search(text);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    times.Sort();
    return new Result(name, times[times.Count / 2], times[(int)(times.Count * 0.99)], times.Average(), (double)found / queries.Count, typed.Count);
}

void Report(List<Result> results)
{
    var invariant = CultureInfo.InvariantCulture;
    Console.WriteLine(string.Create(invariant,
        $"{catalogue.Pathologies.Count} pathologies, {queries.Count} queries typed letter by letter ({results[0].Typed} texts), {rounds} rounds; index built "
            + $"in {buildMs:0} ms"));
    Console.WriteLine($"{"",-10}{"p50 ms",10}{"p99 ms",10}{"mean ms",10}{"in first 5",12}");
    foreach (var r in results)
    {
        Console.WriteLine(string.Create(invariant, $"{r.Name,-10}{r.P50,10:0.000}{r.P99,10:0.000}{r.Mean,10:0.000}{r.Found,12:P1}"));
    }

    var (own, web, ilike, trigram) = (results[0], results[1], results[2], results[3]);
    var figures = new Dictionary<string, double>
    {
        ["pathologies"] = catalogue.Pathologies.Count,
        ["queries"] = queries.Count,
        ["index_build_ms"] = buildMs,
        ["index_p50_ms"] = own.P50,
        ["index_p99_ms"] = own.P99,
        ["http_p50_ms"] = web.P50,
        ["http_p99_ms"] = web.P99,
        ["ilike_p50_ms"] = ilike.P50,
        ["ilike_p99_ms"] = ilike.P99,
        ["pg_trgm_p50_ms"] = trigram.P50,
        ["pg_trgm_p99_ms"] = trigram.P99,
        ["found_in_first_five_share"] = own.Found,
        ["ilike_found_in_first_five_share"] = ilike.Found,
        ["pg_trgm_found_in_first_five_share"] = trigram.Found,
        ["ratio_vs_ilike"] = ilike.Mean / own.Mean,
        ["ratio_vs_pg_trgm"] = trigram.Mean / own.Mean,
    };
    Console.WriteLine(string.Create(
        invariant, $"Searches a second against ilike: {figures["ratio_vs_ilike"]:0.0} times; against pg_trgm: {figures["ratio_vs_pg_trgm"]:0.0} times."));
    var path = Path.Combine(Directory.CreateDirectory(Path.Combine("artifacts", "bench")).FullName, "search.json");
    File.WriteAllText(path, JsonSerializer.Serialize(
        new { name = "search", figures = figures.ToDictionary(f => f.Key, f => Math.Round(f.Value, 4)) }, new JsonSerializerOptions { WriteIndented = true }));
    Console.WriteLine("Written to artifacts/bench/search.json");
}

internal sealed record Result(string Name, double P50, double P99, double Mean, double Found, int Typed);
