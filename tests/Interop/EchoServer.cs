using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SecondOpinion.Tests.Interop;

/// <summary>A server on Kestrel, HTTP/2 without TLS, on a free port.</summary>
internal sealed class EchoServer(WebApplication app) : IAsyncDisposable
{
    public string Address { get; } = app.Urls.First();

    public string Authority => new Uri(Address).Authority;

    public WebApplication App => app;

    public static async Task<EchoServer> StartAsync(
        Action<GrpcServiceOptions>? options = null, Action<WebApplicationBuilder>? build = null, Action<WebApplication>? map = null,
        Action<ListenOptions>? listen = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, port, listen ?? (endpoint => endpoint.Protocols = HttpProtocols.Http2)));
        builder.Services.AddGrpc(options ?? (_ => { }));
        build?.Invoke(builder);
        var app = builder.Build();
        app.MapGrpcService<EchoService>();
        map?.Invoke(app);
        await app.StartAsync();
        return new EchoServer(app);
    }

    /// <summary>Leaves as a service does: calls that have begun are answered first.</summary>
    public async Task LeaveAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // A test that leaves a call open must not make everybody wait for it.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
    }
}
