using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Grpc.Net.Client;
using Npgsql;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>
/// A private PostgreSQL with its usual settings and the real billing service as a process of its own. Its events wait in the outbox: there is no broker.
/// </summary>
internal sealed class RunningBilling : IAsyncDisposable
{
    private readonly PrivateServers _servers;
    private readonly Process _service;

    private RunningBilling(string folder, PrivateServers servers, Process service, string connectionString, Uri http, Uri grpc)
    {
        (Folder, _servers, _service, ConnectionString) = (folder, servers, service, connectionString);
        Http = new HttpClient { BaseAddress = http, Timeout = TimeSpan.FromHours(2) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(Roles.Ops));
        GrpcAddress = grpc;
    }

    public string Folder { get; }

    public HttpClient Http { get; }

    public Uri GrpcAddress { get; }

    public string ConnectionString { get; }

    public int ServicePid => _service.Id;

    /// <summary>The most memory that the service has had at one time.</summary>
    public double PeakMegabytes() => double.Parse(
        File.ReadLines($"/proc/{ServicePid}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))["VmHWM:".Length..^" kB".Length],
        CultureInfo.InvariantCulture) / 1024;

    /// <param name="brief">The warm-up is to be short: code is compiled once and for good. Profiles, as in service, make it a tenth faster after half a minute
    /// under load.</param>
    public static async Task<RunningBilling> Start(bool brief)
    {
        var folder = Directory.CreateTempSubdirectory("bench-billing-").FullName;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var servers = await PrivateServers.Start(folder, broker: false, limit.Token, throwaway: false);
        var database = await TestDatabases.Empty(servers.Postgres.ConnectionString, "billing");

        // An issuer of its own in this process: its tokens outlast the measurement.
        var settings = new Dictionary<string, string?>(TestTokens.Settings)
        {
            ["Beneficiaries:Keys:k1"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Beneficiaries:CurrentKey"] = "k1",
            ["Rosters:SpoolPath"] = Path.Combine(folder, "rosters"),
            ["ConnectionStrings:billing"] = database.Service,
            ["ConnectionStrings:billing_owner"] = database.Owner,
            ["ConnectionStrings:rabbitmq"] = "amqp://guest:guest@127.0.0.1:1",
        };
        var (httpPort, grpcPort) = (FreePort(), FreePort());
        var start = new ProcessStartInfo(Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath! : "dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "exec", ServiceAssembly() },
            Environment =
            {
                ["HTTP_PORT"] = httpPort.ToString(CultureInfo.InvariantCulture),
                ["GRPC_PORT"] = grpcPort.ToString(CultureInfo.InvariantCulture),
                ["DOTNET_ENVIRONMENT"] = "Production",
                ["DOTNET_TC_QuickJit"] = brief ? "0" : "1",
                ["DOTNET_TieredPGO"] = brief ? "0" : "1",
                // The broker is away on purpose; its absence would fill the screen.
                ["Logging__LogLevel__Default"] = "Error",
                ["Logging__LogLevel__MassTransit"] = "None",
                ["Logging__LogLevel__Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
            },
        };
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var service = Process.Start(start)!;
        service.OutputDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        service.BeginOutputReadLine();
        var system = new RunningBilling(
            folder, servers, service, database.Administrator,
            new Uri($"http://127.0.0.1:{httpPort}"), new Uri($"http://127.0.0.1:{grpcPort}"));
        await system.WaitAlive();
        return system;
    }

    public static string Token(string role) => TestTokens.Of(role);

    public GrpcChannel Channel()
    {
        var client = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestTokens.Service("intake"));
        return GrpcChannel.ForAddress(GrpcAddress, new GrpcChannelOptions { HttpClient = client });
    }

    public async Task<Guid> AddInsurer(string amc)
    {
        var address = new { name = "Mutuelle Fictive de Mesure", street = "1 rue de l'Exemple", postCode = "99001", city = "Ville-Fictive" };
        using var insurer =
            await Send(HttpMethod.Post, "/api/v1/insurers",
                new { amcNumber = amc, details = new { name = "Mutuelle Fictive de Mesure", kind = "mutuelle", invoicingAddress = address } });
        var id = (await insurer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        using var contract = await Send(HttpMethod.Put, $"/api/v1/insurers/{id}/contracts/CONFORT", new
        {
            appliesFrom = "2021-01-01",
            label = "Confort",
            kind = "sante",
            serviceIncluded = true,
            usesPerPerson = 2,
            usesPerFamily = 4,
            waitingDays = 0,
            validFrom = "2021-01-01",
            validTo = (string?)null,
            pricing = "per_opinion",
            priceCents = 29500,
        }, ifMatch: "\"v0\"");
        return id;
    }

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, object body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        var answer = await Http.SendAsync(request);
        return answer.IsSuccessStatusCode
            ? answer
            : throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>The table that answers now.</summary>
    public async Task<string> RosterTable(Guid insurer)
    {
        await using var db = new NpgsqlConnection(ConnectionString);
        return (await db.ExecuteScalarAsync<string>(
            "select v.table_name from roster r join roster_version v on v.insurer_id = r.insurer_id and v.version = r.version where r.insurer_id = @insurer",
            new { insurer }))!;
    }

    public async ValueTask DisposeAsync()
    {
        _service.Kill();
        await _service.WaitForExitAsync();
        await _servers.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task WaitAlive()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if ((await Http.GetAsync("/alive")).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (watch.Elapsed < TimeSpan.FromSeconds(60) && !_service.HasExited)
            {
                // Still starting.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    private static string ServiceAssembly()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        for (var folder = own; folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "services", "billing", "bin", own.Parent!.Name, own.Name, "SecondOpinion.Billing.dll");
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new InvalidOperationException("The billing service is not built in this configuration.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
