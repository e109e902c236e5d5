using System.Text.Json;
using System.Text.Json.Serialization;
using Aspire.Hosting.Page.Telemetry;
using Aspire.Hosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Page;

/// <summary>
/// The page that shows the resources, their logs, traces and metrics, and receives the telemetry. A web application of its own beside the host,
/// reachable from this machine only, listening before any resource starts.
/// </summary>
internal sealed class ResourcePage(
    HostSettings settings, HostConsole console, OtlpEnvironment otlp, IConfiguration configuration, IHostEnvironment environment, IServiceProvider services)
    : IHostedService, IAsyncDisposable
{
    private readonly PortAllocation ports = new();
    private WebApplication? app;

    /// <summary>Address of the page, once it listens.</summary>
    public string? Url { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The original's own keys: telemetry goes to another receiver.
        otlp.HttpEndpoint = configuration["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"];
        otlp.GrpcEndpoint = configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"];
        if (settings.Dashboard is not { } first)
        {
            return;
        }

        var port = Free(first);
        var grpcPort = ports.Any();
        app = Build(port, grpcPort);
        await app.StartAsync(cancellationToken);
        Url = $"http://localhost:{port}";
        if (otlp is { HttpEndpoint: null, GrpcEndpoint: null })
        {
            otlp.HttpEndpoint = Url;
            otlp.GrpcEndpoint = $"http://localhost:{grpcPort}";
        }

        console.Say($"Resource page: {Url}");
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (app is not null)
        {
            await app.StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.DisposeAsync();
            app = null;
        }

        ports.Dispose();
    }

    private WebApplication Build(int port, int grpcPort)
    {
        // Not the AppHost's arguments and settings, which may say where *it* listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(ResourcePage).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenLocalhost(port, static listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.ListenLocalhost(grpcPort, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(services.GetRequiredService<TimeProvider>());
        builder.Services.AddSingleton<TraceStore>();
        builder.Services.AddSingleton<RedStatistics>();
        builder.Services.AddSingleton<MeterStore>();
        builder.Services.AddSingleton<OtlpReceiver>();
        builder.Services.AddGrpc();
        builder.Services.Configure<Microsoft.AspNetCore.Http.Json.JsonOptions>(static options =>
        {
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        });
        var page = builder.Build();
        page.Use(new PageSecurity(port, grpcPort).InvokeAsync);
        page.UseRouting();
        page.MapGrpcService<TraceReceiver>();
        page.MapGrpcService<MetricsReceiver>();
        page.MapGrpcService<LogsReceiver>();
        page.Services.GetRequiredService<OtlpReceiver>().MapHttp(page);
        var title = configuration["Host:Title"] ?? environment.ApplicationName;
        ActivatorUtilities.CreateInstance<ResourceApi>(services).Map(page);
        TelemetryApi.Map(page);
        PageFiles.Map(page, title);
        return page;
    }

    /// <summary>The wanted port or one of the next, so that a second host's page is where one looks for it.</summary>
    private int Free(int first)
    {
        for (var port = first; first > 0 && port < first + 50; port++)
        {
            if (ports.Try(port))
            {
                return port;
            }
        }

        return ports.Any();
    }
}
