using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
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
public sealed partial class SharedSystem : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(180);

    private readonly List<HttpClient> _clients = [];
    private AppHostProcess _host = null!;
    private readonly Dictionary<string, Uri> _addresses = [];
    private readonly HttpClient _health = new();
    private HttpClient _dashboard = null!;
    private LocalIdentity _identity = null!;

    /// <summary>Processes of the system.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["intake", "billing", "matching", "physician", "reporting", "identity", "gateway", "rabbitmq",
        "postgres"];

    private bool _isFoldersOwner = true;
    private string[] _options = [];
    private Dictionary<string, string> _settings = [];

    public string DataFolder { get => field ??= AppHostProcess.NewDataFolder(); private init; }

    public Uri Gateway { get; private set; } = null!;

    /// <summary>Another system, for a test that takes it apart; who gave the folder deletes it.</summary>
    /// <param name="folder">Its data.</param>
    /// <param name="settings">Environment of every process, beside what all test systems have.</param>
    /// <param name="options">As on the command line, e.g. <c>--postgres …</c>.</param>
    public static async Task<SharedSystem> Over(string folder, Dictionary<string, string> settings, params string[] options)
    {
        var system = new SharedSystem { DataFolder = folder, _isFoldersOwner = false, _settings = settings, _options = options };
        await system.InitializeAsync();
        return system;
    }

    public async ValueTask InitializeAsync()
    {
        // Throwaway: nothing is forced to disk, which only a power cut would notice.
        // All tests share one address: the quotas, which have tests of their own, would make one of them use up another's.
        var quotas = new[] { "Partner", "User", "Staff", "Anonymous", "Emergency" }.ToDictionary(who => $"RateLimits__{who}__Permits", _ => "1000000");
        _host = AppHostProcess.StartWith(
            DataFolder, quotas.Concat(_settings).ToDictionary(), ["--no-demo", "--throwaway", "--containers", "false", .. _options]);
        await _host.Says("ready in", StartLimit);
        Gateway = new Uri(AddressIn(await _host.Says("API  ", StartLimit)).GetLeftPart(UriPartial.Authority));
        var dashboard = AddressIn(await _host.Says("Dashboard  ", StartLimit));
        _dashboard = new HttpClient { BaseAddress = new Uri(dashboard.GetLeftPart(UriPartial.Authority)) };
        _dashboard.DefaultRequestHeaders.Add("x-api-key", dashboard.Query["?t=".Length..]);
        foreach (var part in Own)
        {
            var row = await _host.Says($"{part,-12} Running", StartLimit);
            if (HttpAddress().Match(row) is { Success: true } http)
            {
                _addresses[part] = new Uri(http.Groups[1].Value);
            }
        }

        _identity = new LocalIdentity(_addresses["identity"], DataFolder);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        _dashboard?.Dispose();
        _health.Dispose();
        _identity?.Dispose();
        if (_host is not null)
        {
            var alive = _host.Everything();
            Processes.Terminate(_host.ProcessId);
            await _host.Exited(TimeSpan.FromSeconds(60));
            alive.Where(Processes.Lives).ShouldBeEmpty("SIGTERM ends everything");
            _host.Dispose();
        }

        if (_isFoldersOwner && Environment.GetEnvironmentVariable("E2E_KEEP") is null)
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

    /// <summary>Of a fictitious person, from the system's own issuer.</summary>
    public string Token(string role, string? subject = null, params (string Name, object Value)[] claims) =>
        _identity.Token(role, subject ?? Guid.CreateVersion7().ToString(), TimeSpan.FromHours(1), claims).GetAwaiter().GetResult();

    /// <summary>As a service gets it to call another.</summary>
    public string ServiceToken(string caller, string callee) => _identity.ServiceToken(caller, callee).GetAwaiter().GetResult();

    internal string PhysicianToken(Rpps rpps) => Token(Roles.Physician, null, ("rpps", rpps.Value));

    /// <summary>The broker's management API, at the port that the data folder remembers.</summary>
    public Uri BrokerManagement =>
        new($"http://localhost:{JsonNode.Parse(File.ReadAllText(Path.Combine(DataFolder, "ports.json")))!["rabbitmq-management"]}");

    /// <summary>Who administers the broker, <c>user:password</c>: no service is it.</summary>
    public string BrokerAdministrator => $"app:{JsonNode.Parse(File.ReadAllText(Path.Combine(DataFolder, "keys.json")))!["rabbitmq-password"]}";

    /// <summary>The process of a part, found in /proc.</summary>
    public int Pid(string part) => Find(part) ?? throw new InvalidOperationException($"{part} has no process.");

    /// <summary>Waits until a part that was killed runs as another process, and everything is healthy.</summary>
    public async Task Restarted(string part, int killed)
    {
        await Eventually.True(() => Find(part) is { } now && now != killed, $"{part} is started again", HealthLimit);
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
            throw new TimeoutException($"{late.Message} Not healthy: {sick}. The host said:\n{_host.Output}", late);
        }
    }

    /// <summary>A trace as the dashboard has received it; null while it knows nothing of it.</summary>
    public async Task<Trace?> Trace(string traceId)
    {
        using var answer = await _dashboard.GetAsync($"/api/telemetry/traces/{traceId}");
        return answer.IsSuccessStatusCode ? Running.Trace.Read((await answer.Content.ReadFromJsonAsync<JsonNode>())!) : null;
    }

    /// <summary>All spans that were received, as the dashboard tells them.</summary>
    public async Task<JsonNode> Spans() => (await _dashboard.GetFromJsonAsync<JsonNode>("/api/telemetry/spans?limit=10000"))!;

    /// <summary>What the dashboard answers to somebody without the token.</summary>
    public async Task<HttpResponseMessage> DashboardForStrangers(string path)
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = _dashboard.BaseAddress };
        return await http.GetAsync(path);
    }

    /// <summary>Those that this host started: servers that were given to it are somebody else's.</summary>
    private IEnumerable<string> Own => Parts.Except(_options.Select(option => option.TrimStart('-')));

    private async Task<string> Sick()
    {
        foreach (var part in Own)
        {
            // A service's health is also that of its database and its broker connection.
            if (Find(part) is null || (_addresses.TryGetValue(part, out var address) && part != "rabbitmq" && !await IsHealthy(address)))
            {
                return part;
            }
        }

        return "";
    }

    private async Task<bool> IsHealthy(Uri address)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            using var answer = await _health.GetAsync(new Uri(address, "/health"), limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The same; null when it has none just now.</summary>
    public int? Find(string part) => _host.Find(part switch
    {
        "gateway" => line => line.Contains("/gateway/bin/", StringComparison.Ordinal),
        "rabbitmq" => line => line.StartsWith('/') && line.Contains("beam.smp", StringComparison.Ordinal),
        // Not the script around it, whose command line holds it too.
        "postgres" => line => line.StartsWith('/') && line.Contains("/postgres -D", StringComparison.Ordinal),
        _ => line => line.StartsWith("dotnet ", StringComparison.Ordinal) && line.Contains($"/services/{part}/bin/", StringComparison.Ordinal),
    });

    private static Uri AddressIn(string line) => new(line[line.IndexOf("http", StringComparison.Ordinal)..].Trim());

    [GeneratedRegex(@"http (http://\S+)")]
    private static partial Regex HttpAddress();
}
