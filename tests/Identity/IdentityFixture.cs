using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Identity;

/// <summary>The issuer as it runs, with services, a portal and people of its own.</summary>
public sealed class IdentityFixture : IAsyncLifetime
{
    public const string Callback = "http://127.0.0.1:1/callback";
    public const string Password = "correct horse battery staple";

    public ServiceUnderTest<Program> Service { get; private set; } = null!;

    public Uri Address => Service.HttpAddress;

    public async ValueTask InitializeAsync()
    {
        // Its own address is part of its configuration, so the port is chosen before.
        var port = FreePort();
        Service = await ServiceUnderTest<Program>.Start("identity", new Dictionary<string, string?>
        {
            ["HTTP_PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Identity:Authority"] = $"http://127.0.0.1:{port}",
            ["Identity:ClientSecret"] = "identity's secret",
            ["Encryption:Keys:k1"] = Convert.ToBase64String(new byte[32]),
            ["Encryption:CurrentKey"] = "k1",
            ["Clients:identity:Secret"] = "identity's secret",
            ["Clients:identity:Scopes:0"] = "identity",
            ["Clients:intake:Secret"] = "intake's secret",
            ["Clients:intake:Scopes:0"] = "identity",
            ["Clients:intake:Scopes:1"] = "billing",
            ["Clients:portal:RedirectUris:0"] = Callback,
            ["TryOut:Secret"] = "try",
            ["SampleData:Enabled"] = "true",
            ["SampleData:Password"] = Password,
        });
        await Ready();
        await Eventually.True(async () => await Scalar<long>("select count(*) from account") == 6, "people are known");
    }

    /// <summary>
    /// Waits until it knows its clients, and itself as the issuer of its operators' tokens: a service like any other, it asked itself before it listened.
    /// </summary>
    public async Task Ready()
    {
        await Eventually.True(async () => (await Ask(("grant_type", "client_credentials"), ("client_id", "intake"), ("client_secret", "intake's secret"),
            ("scope", "billing"))).Status == HttpStatusCode.OK, "clients are known");
        var ops = Service.Http(await TryOut("ops", "operator"));
        await Eventually.True(async () => (await ops.DeleteAsync("/accounts/nobody")).StatusCode == HttpStatusCode.NotFound, "it accepts its own tokens");
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();

    public async Task<(HttpStatusCode Status, JsonNode Body)> Ask(params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var answer = await http.PostAsync("/connect/token", new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))));
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonNode>())!);
    }

    public async Task<string> TryOut(string role, string subject, params (string Name, string Value)[] more)
    {
        var (status, body) = await Ask([("grant_type", "urn:secondopinion:grant:try-out"), ("client_id", "try-out"), ("client_secret", "try"), ("role", role),
            ("subject", subject), .. more]);
        status.ShouldBe(HttpStatusCode.OK, body.ToJsonString());
        return (string)body["access_token"]!;
    }

    public async Task<string> ForService(string callee)
    {
        var (status, body) = await Ask(("grant_type", "client_credentials"), ("client_id", "intake"), ("client_secret", "intake's secret"), ("scope", callee));
        status.ShouldBe(HttpStatusCode.OK, body.ToJsonString());
        return (string)body["access_token"]!;
    }

    public async Task<T> Scalar<T>(string sql)
    {
        await using var command = Service.Data.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
