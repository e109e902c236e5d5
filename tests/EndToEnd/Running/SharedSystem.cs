using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.AppHost;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

[assembly: AssemblyFixture(typeof(SharedSystem))]

namespace SecondOpinion.Tests.EndToEnd.Running;

/// <summary>Tests of this collection share one system, one after the other; whoever stops a part waits until all is healthy again.</summary>
[CollectionDefinition(Name)]
public sealed class OnSharedSystem
{
    public const string Name = "on the shared system";
}

/// <summary>One system for all tests, started at the first one that wants it. With E2E_KEEP=1 its data folder (logs!) is kept.</summary>
public sealed class SharedSystem : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(90);

    private readonly List<HttpClient> _clients = [];
    private AppHostProcess _host = null!;
    private HttpClient _page = null!;

    /// <summary>Resources that the page of the host shows, without the databases.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["intake", "billing", "matching", "physician", "reporting", "gateway", "rabbitmq", "postgres"];

    public string DataFolder { get; } = AppHostProcess.NewDataFolder();

    public Uri Gateway { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        // Throwaway: nothing is forced to disk, which only a power cut would notice.
        _host = AppHostProcess.Start(DataFolder, "--no-demo", "--Host:Throwaway=true");
        await _host.Says("ready in", StartLimit);
        Gateway = new Uri(Address(await _host.Says("API  ", StartLimit)).GetLeftPart(UriPartial.Authority));
        _page = new HttpClient { BaseAddress = Address(await _host.Says("Resource page:", StartLimit)) };
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        _page?.Dispose();
        if (_host is not null)
        {
            Processes.Terminate(_host.ProcessId);
            await _host.Exited(TimeSpan.FromSeconds(60));
            _host.Dispose();
        }

        if (Environment.GetEnvironmentVariable("E2E_KEEP") is null)
        {
            Directory.Delete(DataFolder, recursive: true);
        }
    }

    /// <summary>A client of the public API; without a token, an anonymous one. It repeats nothing.</summary>
    public HttpClient Http(string? token = null)
    {
        var client = new HttpClient { BaseAddress = Gateway, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }

    public string Token(string role, string? subject = null, params (string Name, object Value)[] claims) => LocalTokens.Create(
        LocalKeys.TokenSettings(DataFolder), role, subject ?? Guid.CreateVersion7().ToString(), claims.ToDictionary(c => c.Name, c => c.Value),
        TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));

    internal string PhysicianToken(Rpps rpps) => Token(Access.Physician, rpps.PhysicianId.ToString(), ("rpps", rpps.Value));

    /// <summary>The process of a part, found in /proc.</summary>
    public int Pid(string part) => TryPid(part) ?? throw new InvalidOperationException($"{part} has no process.");

    /// <summary>Waits until a part that was killed runs as another process, and everything is healthy.</summary>
    public async Task Restarted(string part, int killed)
    {
        await Eventually.True(() => TryPid(part) is { } now && now != killed, $"{part} is started again", HealthLimit);
        await Healthy();
    }

    /// <summary>Waits until every part says of itself, now, that it is healthy.</summary>
    public async Task Healthy()
    {
        var sick = "";
        try
        {
            await Eventually.True(async () => (sick = await Sick()) == "", "all parts are healthy", HealthLimit);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} Not healthy: {sick}.", late);
        }
    }

    /// <summary>A trace as the host's resource page has received it; null while it knows nothing of it.</summary>
    public async Task<JsonNode?> Trace(string traceId)
    {
        using var answer = await _page.GetAsync($"/api/traces/{traceId}");
        return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonNode>() : null;
    }

    /// <summary>The last traces that were received.</summary>
    public async Task<IReadOnlyList<JsonNode>> Traces()
    {
        var traces = new List<JsonNode>();
        foreach (var summary in (await _page.GetFromJsonAsync<JsonArray>("/api/traces?limit=300"))!)
        {
            if (await Trace((string)summary!["traceId"]!) is { } trace)
            {
                traces.Add(trace);
            }
        }

        return traces;
    }

    private async Task<string> Sick()
    {
        var resources = (await _page.GetFromJsonAsync<JsonArray>("/api/resources"))!;
        foreach (var part in Parts)
        {
            var resource = resources.Single(r => (string)r!["name"]! == part)!;
            if ((string?)resource["state"] != "Running" || (string?)resource["health"] != "Healthy" || (int?)resource["processId"] != TryPid(part))
            {
                return part;
            }

            // The page asks a healthy part every few seconds only; what it says may be old.
            var http = resource["endpoints"]!.AsArray().FirstOrDefault(e => (string)e!["name"]! == "http");
            if (http is not null && !await IsHealthy((string)http["url"]!))
            {
                return part;
            }
        }

        return "";
    }

    private async Task<bool> IsHealthy(string url)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            using var answer = await _page.GetAsync(new Uri(new Uri(url), "/health"), limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private int? TryPid(string part) => Processes.Find(_host.ProcessId, part switch
    {
        "gateway" => line => line.Contains("/gateway/bin/", StringComparison.Ordinal),
        "rabbitmq" => line => line.Contains("beam.smp", StringComparison.Ordinal),
        "postgres" => line => line.Contains("/postgres -D", StringComparison.Ordinal),
        _ => line => line.Contains($"/services/{part}/bin/", StringComparison.Ordinal),
    });

    private static Uri Address(string line) => new(line[line.IndexOf("http", StringComparison.Ordinal)..].Trim());
}
