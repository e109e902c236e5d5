using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace SecondOpinion.Tests.Support;

/// <summary>
/// The real service on Kestrel, with a database and a virtual host of its own. It can be stopped and started again on the same ones, as after a
/// crash.
/// </summary>
public sealed class ServiceUnderTest<TProgram> : IAsyncDisposable where TProgram : class
{
    private readonly string _name;
    private readonly Dictionary<string, string?> _settings;
    private readonly Action<IServiceCollection>? _configure;
    private WebApplicationFactory<TProgram>? _factory;
    private readonly List<HttpClient> _clients = [];
    private readonly DeclaredRefusals _refusals = new();

    private ServiceUnderTest(string name, TestBroker broker, NpgsqlDataSource data, Dictionary<string, string?> settings, Action<IServiceCollection>? configure)
    {
        (_name, Broker, Data, _settings, _configure) = (name, broker, data, settings, configure);
    }

    /// <summary>The service's database, as the superuser: for what a test must do or see that the service may not.</summary>
    public NpgsqlDataSource Data { get; }

    public TestBroker Broker { get; }

    /// <summary>Address of the HTTP/1.1 port.</summary>
    public Uri HttpAddress { get; private set; } = null!;

    /// <summary>Address of the gRPC port.</summary>
    public Uri GrpcAddress { get; private set; } = null!;

    /// <summary>The service's container, for what a test must reach inside.</summary>
    public IServiceProvider Services => _factory!.Services;

    /// <param name="name">The service's name and that of its connection string.</param>
    /// <param name="settings">Configuration on top, e.g. <c>services:billing:grpc:0</c>.</param>
    /// <param name="configure">Replaces services, e.g. the clock.</param>
    /// <param name="broker">A virtual host shared with another service under test; else one of its own.</param>
    public static async Task<ServiceUnderTest<TProgram>> Start(
        string name, IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, TestBroker? broker = null)
    {
        var database = await TestDatabases.Create(typeof(TProgram).Assembly);
        broker ??= await TestBroker.Start();
        var all = new Dictionary<string, string?>(TestTokens.Settings)
        {
            [$"ConnectionStrings:{name}"] = database.Service,
            ["ConnectionStrings:rabbitmq"] = (await broker.AddressFor(name)).AbsoluteUri,
            ["Database:MaxPoolSize"] = "12",
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:MassTransit"] = "Error",
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
        };
        foreach (var (key, value) in settings ?? new Dictionary<string, string?>())
        {
            all[key] = value;
        }

        var service = new ServiceUnderTest<TProgram>(name, broker, NpgsqlDataSource.Create(database.Administrator + ";Maximum Pool Size=8"), all, configure);
        await service.Start();
        return service;
    }

    /// <summary>Starts it again after <see cref="Stop"/>, on the same database and virtual host; settings may differ.</summary>
    public async Task Start(IReadOnlyDictionary<string, string?>? settings = null, bool mustBeReady = true)
    {
        foreach (var (key, value) in settings ?? new Dictionary<string, string?>())
        {
            _settings[key] = value;
        }

        _factory = new Factory(_settings, services =>
        {
            services.AddSingleton<IStartupFilter>(_refusals);
            _configure?.Invoke(services);
        });
        _factory.UseKestrel();
        _factory.StartServer();
        var addresses = _factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        HttpAddress = new Uri(addresses[0]);
        GrpcAddress = new Uri(addresses[1]);
        using var http = new HttpClient { BaseAddress = HttpAddress };
        // A start that makes queues anew takes half a minute while both cores are busy.
        await Eventually.True(
            async () => (await http.GetAsync(mustBeReady ? "/health" : "/alive")).IsSuccessStatusCode, $"{_name} is healthy", TimeSpan.FromSeconds(180));
    }

    public async Task Stop()
    {
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
            _factory = null;
        }
    }

    /// <summary>An HTTP client that sends this token; without one, an anonymous client.</summary>
    public HttpClient Http(string? token = null)
    {
        var client = new HttpClient { BaseAddress = HttpAddress };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        _clients.Add(client);
        return client;
    }

    /// <summary>A gRPC channel; the token, if any, is sent with every call, and so is that of the service which vouches for it.</summary>
    public GrpcChannel Grpc(string? token = null, string? voucher = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        if (voucher is not null)
        {
            client.DefaultRequestHeaders.Add("Service-Authorization", $"Bearer {voucher}");
        }

        _clients.Add(client);
        return GrpcChannel.ForAddress(GrpcAddress, new GrpcChannelOptions { HttpClient = client });
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await Stop();
        await Broker.DisposeAsync();
        await Data.DisposeAsync();
        _refusals.Check();
    }

    private sealed class Factory(Dictionary<string, string?> settings, Action<IServiceCollection> configure) : WebApplicationFactory<TProgram>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureTestServices(configure);
        }
    }
}
