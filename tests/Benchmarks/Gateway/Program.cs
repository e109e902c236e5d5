using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using SecondOpinion.Bench.Gateway;
using SecondOpinion.Tests.Support;

// ./bench gateway: a partner's call through the gateway (token, limits, routes, headers) beside YARP alone and nginx, before the same service, in one run.
if (args is [BareYarp.Argument, var listen, var upstream])
{
    await BareYarp.Run(int.Parse(listen, CultureInfo.InvariantCulture), upstream);
    return 0;
}

const int Callers = 32;
var quick = args.Contains("--quick");
var (rounds, seconds, warmUp) = quick ? (5, 1, 6) : (9, 3, 15);
var folder = Directory.CreateTempSubdirectory("bench-gateway-").FullName;
var started = new List<Process>();
var partner = TestTokens.Partner(Guid.CreateVersion7());
try
{
    var (servicePort, nginxPort, yarpPort, gatewayPort) = (FreePort(), FreePort(), FreePort(), FreePort());
    var service = new Uri($"http://127.0.0.1:{servicePort}");
    started.Add(Nginx.Service(folder, servicePort));
    started.Add(Nginx.Proxy(folder, nginxPort, servicePort));
    started.Add(Process.Start(new ProcessStartInfo(RunningGateway.DotNet)
    {
        ArgumentList = { "exec", typeof(BareYarp).Assembly.Location, BareYarp.Argument, $"{yarpPort}", service.AbsoluteUri },
    })!);
    started.Add(RunningGateway.Start(gatewayPort, service));

    var contestants = new (string Name, Uri Address, Tally Tally)[]
    {
        ("gateway", Called(gatewayPort), new()), ("yarp", Called(yarpPort), new()), ("nginx", Called(nginxPort), new()),
        ("service", Called(servicePort), new()),
    };
    foreach (var (name, address, _) in contestants)
    {
        await Answers(name, address);
    }

    await GatewayGuards(contestants[0].Address);
    Console.WriteLine($"{Callers} callers on as many connections; caller, proxy and service share {Environment.ProcessorCount} cores; "
        + $"{rounds} rounds of {seconds} s each, in turn.");
    var wrk = new Wrk(folder, Callers, partner);
    foreach (var (name, address, _) in contestants)
    {
        // Long enough for the compiler's second tier; nginx has none.
        await wrk.Run(address, name is "gateway" or "yarp" ? warmUp : 1);
    }

    for (var round = 0; round < rounds; round++)
    {
        for (var turn = 0; turn < contestants.Length; turn++)
        {
            var (_, address, tally) = contestants[(round + turn) % contestants.Length];
            tally.Rounds.Add(await wrk.Run(address, seconds));
        }
    }

    Report(contestants.ToDictionary(c => c.Name, c => c.Tally));
}
finally
{
    foreach (var process in started)
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    Directory.Delete(folder, recursive: true);
}

return 0;

static Uri Called(int port) => new($"http://127.0.0.1:{port}/api/v1/insurers");

// Whoever answers something else quickly has won nothing.
async Task Answers(string name, Uri address)
{
    using var http = new HttpClient();
    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", partner);
    var watch = Stopwatch.StartNew();
    while (true)
    {
        try
        {
            using var answer = await http.GetAsync(address);
            var body = await answer.Content.ReadAsStringAsync();
            if (answer.StatusCode == HttpStatusCode.OK && body == Nginx.Answer)
            {
                return;
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidOperationException($"{name} answers {(int)answer.StatusCode}: {body}");
            }
        }
        catch (HttpRequestException) when (watch.Elapsed < TimeSpan.FromSeconds(30))
        {
            // Still starting.
        }

        await Task.Delay(TimeSpan.FromMilliseconds(50));
    }
}

// The gateway that is measured is the one that refuses strangers and counts.
async Task GatewayGuards(Uri address)
{
    using var http = new HttpClient();
    using var refused = await http.GetAsync(address);
    using var question = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Authorization = new("Bearer", partner) } };
    using var counted = await http.SendAsync(question);
    if (refused.StatusCode != HttpStatusCode.Unauthorized || !counted.Headers.Contains("RateLimit"))
    {
        throw new InvalidOperationException("The gateway does not judge tokens or does not count: there is nothing to measure.");
    }
}

static void Report(Dictionary<string, Tally> tallies)
{
    var invariant = CultureInfo.InvariantCulture;
    Console.WriteLine();
    Console.WriteLine($"{"",-10}{"requests/s",12}{"p50 ms",10}{"p99 ms",10}");
    foreach (var (name, tally) in tallies)
    {
        Console.WriteLine(string.Create(invariant, $"{name,-10}{tally.PerSecond,12:N0}{tally.P50,10:0.00}{tally.P99,10:0.00}"));
    }

    var (own, yarp, nginx) = (tallies["gateway"], tallies["yarp"], tallies["nginx"]);
    var figures = new Dictionary<string, double>
    {
        ["requests_per_s"] = own.PerSecond,
        ["p50_ms"] = own.P50,
        ["p99_ms"] = own.P99,
        ["yarp_requests_per_s"] = yarp.PerSecond,
        ["yarp_p99_ms"] = yarp.P99,
        ["nginx_requests_per_s"] = nginx.PerSecond,
        ["nginx_p99_ms"] = nginx.P99,
        ["service_requests_per_s"] = tallies["service"].PerSecond,
        ["ratio_vs_yarp"] = own.PerSecond / yarp.PerSecond,
        ["ratio_vs_nginx"] = own.PerSecond / nginx.PerSecond,
        ["p99_ratio_vs_yarp"] = own.P99 / yarp.P99,
        ["goal_ratio_vs_yarp"] = 0.8,
    };
    Console.WriteLine();
    Console.WriteLine(string.Create(invariant,
        $"The gateway passes on {figures["ratio_vs_yarp"]:0.00} times what YARP alone does, and {figures["ratio_vs_nginx"]:0.00} times nginx."));
    Directory.CreateDirectory("artifacts/bench");
    File.WriteAllText("artifacts/bench/gateway.json", JsonSerializer.Serialize(
        new { name = "gateway", figures = figures.ToDictionary(f => f.Key, f => Math.Round(f.Value, 3)) }, new JsonSerializerOptions { WriteIndented = true }));
}

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}
