using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

// The framework records OpenTelemetry attributes itself, unless it leaves that to the instrumentation package, as it does by default.
AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

var builder = WebApplication.CreateBuilder(args);
if (builder.Configuration["HTTP_PORT"] is { } port)
{
    builder.WebHost.UseUrls($"http://localhost:{port}");
}

builder.Logging.AddSimpleConsole(options => options.SingleLine = true);
builder.Services.AddHttpClient();
var telemetry = builder.Services.AddOpenTelemetry()
    .WithTracing(tracing => tracing.AddSource("Microsoft.AspNetCore", "System.Net.Http"))
    .WithMetrics(metrics => metrics.AddMeter("Microsoft.AspNetCore.Hosting"));
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not null)
{
    telemetry.UseOtlpExporter();
}

var app = builder.Build();
var healthy = true;
app.MapGet("/health", () => healthy ? Results.Ok() : Results.StatusCode(503));
app.MapPost("/sick", () => healthy = false);
app.MapGet("/pid", () => Environment.ProcessId);
app.MapGet("/environment/{name}", (string name) => Environment.GetEnvironmentVariable(name) is { } value ? Results.Text(value) : Results.NotFound());
app.MapGet("/arguments", () => args);
app.MapGet("/fail", string () => throw new InvalidOperationException("as asked"));
app.MapGet("/next/{service}/{**path}", async (string service, string path, IConfiguration configuration, HttpClient client) =>
    await client.GetStringAsync($"{configuration[$"services:{service}:http:0"]}/{path}"));
app.MapPost("/crash", () => Environment.Exit(3));
app.Run();
