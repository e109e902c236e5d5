using Microsoft.AspNetCore.Http.Features;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SecondOpinion.Tests.Gateway;

/// <summary>A service behind the gateway: a real Kestrel that answers with what it was asked, unless the test gives it another answer.</summary>
public sealed class Upstream : IAsyncDisposable
{
    private readonly string _name;
    private WebApplication? _app;
    private int _requests;

    private Upstream(string name) => _name = name;

    public int Port { get; private set; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public int Http2Port { get; private set; }

    /// <summary>The same service over HTTP/2.</summary>
    public Uri Http2Address => new($"http://127.0.0.1:{Http2Port}");

    public int Requests => _requests;

    /// <summary>Replaces the echo.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public JsonElement? OpenApi { get; set; }

    public JsonElement? Problems { get; set; }

    public static async Task<Upstream> Start(string name)
    {
        var upstream = new Upstream(name);
        await upstream.Up();
        return upstream;
    }

    /// <summary>Listens again on the same port after <see cref="Down"/>.</summary>
    public async Task Up()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, Port, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, Http2Port, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        _app = builder.Build();
        _app.MapGet("/openapi/v1.json", () => OpenApi is { } document ? Results.Json(document) : Results.NotFound());
        _app.MapGet("/problems", () => Problems is { } problems ? Results.Json(problems) : Results.NotFound());
        _app.Map("/{**path}", context =>
        {
            Interlocked.Increment(ref _requests);
            return Answer is { } answer ? answer(context) : Echo(context);
        });
        await _app.StartAsync();
        var addresses = _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToList();
        (Port, Http2Port) = (new Uri(addresses[0]).Port, new Uri(addresses[1]).Port);
    }

    public async Task Down()
    {
        if (_app is not null)
        {
            await _app.StopAsync(new CancellationToken(canceled: true));
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async ValueTask DisposeAsync() => await Down();

    private async Task Echo(HttpContext context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        long length = 0;
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            length += read;
        }

        await context.Response.WriteAsJsonAsync(new Echoed(
            _name,
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            length,
            Convert.ToHexStringLower(hash.GetHashAndReset())));
    }
}

/// <summary>What an upstream was asked.</summary>
public sealed record Echoed(string Service, string Method, string Path, Dictionary<string, string> Headers, long BodyLength, string BodySha256)
{
    public string? Header(string name) => Headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
