using Microsoft.AspNetCore.Http.Features;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>The real gateway on Kestrel, with an <see cref="Upstream"/> in the place of each service.</summary>
public sealed class GatewayUnderTest : IAsyncDisposable
{
    private readonly Factory _factory;
    private readonly List<HttpClient> _clients = [];
    private readonly IReadOnlyDictionary<string, Upstream> _upstreams;

    private GatewayUnderTest(Factory factory, IReadOnlyDictionary<string, Upstream> upstreams, Uri address) =>
        (_factory, _upstreams, Address) = (factory, upstreams, address);

    public Uri Address { get; }

    /// <summary>Where it speaks TLS, when a certificate is configured.</summary>
    public Uri TlsAddress => new(_factory.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses
        .Single(a => a.StartsWith("https", StringComparison.Ordinal)));

    public Upstream this[string service] => _upstreams[service];

    /// <param name="settings">On top of the gateway's defaults.</param>
    /// <param name="configure">Replaces services, e.g. the clock.</param>
    /// <param name="alsoAt">Further addresses of a service, e.g. of a second replica.</param>
    public static async Task<GatewayUnderTest> Start(
        Dictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, params (string Service, Uri Address)[] alsoAt)
    {
        var all = new Dictionary<string, string?>(TestTokens.Settings) { ["HTTP_PORT"] = "0", ["Gateway:Patience"] = "00:00:00" };
        var upstreams = new Dictionary<string, Upstream>();
        foreach (var service in Routes.Services)
        {
            upstreams[service] = await Upstream.Start(service);
            all[$"services:{service}:http:0"] = upstreams[service].Address.AbsoluteUri;
            all[$"services:{service}:grpc:0"] = upstreams[service].Http2Address.AbsoluteUri;
        }

        foreach (var (address, i) in alsoAt.Select((a, i) => (a, i)))
        {
            all[$"services:{address.Service}:http:{i + 1}"] = address.Address.AbsoluteUri;
        }

        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        var factory = new Factory(all, configure);
        factory.UseKestrel();
        factory.StartServer();
        return new GatewayUnderTest(
            factory, upstreams,
            new Uri(factory.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses
                .First(a => a.StartsWith("http:", StringComparison.Ordinal))));
    }

    public HttpClient Http(string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false }) { BaseAddress = Address };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        _clients.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await _factory.DisposeAsync();
        foreach (var upstream in _upstreams.Values)
        {
            await upstream.DisposeAsync();
        }
    }

    private sealed class Factory(Dictionary<string, string?> settings, Action<IServiceCollection>? configure) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            if (configure is not null)
            {
                builder.ConfigureTestServices(configure);
            }
        }
    }
}

/// <summary>A clock that a test sets, for windows as well as for the time of day.</summary>
public sealed class SetClock : TimeProvider
{
    private long _ticks = System.GetUtcNow().Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

internal static class Answers
{
    public static async Task<Echoed> Echo(this HttpResponseMessage response)
    {
        ((int)response.StatusCode).ShouldBe(200, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<Echoed>())!;
    }

    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    /// <summary>Checks that the answer is a whole problem, and returns it.</summary>
    public static async Task<JsonElement> Problem(this HttpResponseMessage response, int status, string code)
    {
        ((int)response.StatusCode).ShouldBe(status, await response.Content.ReadAsStringAsync());
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        problem.GetProperty("type").GetString().ShouldEndWith($"/problems/{code}");
        problem.GetProperty("traceId").GetString().ShouldBe(response.Header("Request-Id"));
        return problem;
    }
}
