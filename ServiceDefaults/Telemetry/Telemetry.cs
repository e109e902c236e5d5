using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace SecondOpinion.ServiceDefaults.Telemetry;

/// <summary>Traces, metrics and logs. The libraries emit natively; here they are only listened to. Exported by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
internal static class Telemetry
{
    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(new ServiceName(service));
        builder.Services.AddSingleton<ServiceMetrics>();
        builder.Services.AddSingleton<IStartupFilter, RequestSpans>();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // What the exception handler has already told in one line of ours.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None);
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "HH:mm:ss.fff ";
        });
        if (!builder.Environment.EnvironmentName.Equals("Development", StringComparison.Ordinal))
        {
            // The plain formatter writes raw newlines, so a value could forge a line.
            builder.Logging.AddJsonConsole();
        }

        var exports = !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service))
            .WithTracing(tracing =>
            {
                // These carry the trace through the outbox and the broker, received or not; the others would only cost when nobody receives them.
                tracing.AddSource("SecondOpinion", "MassTransit");
                if (exports)
                {
                    tracing
                        .AddSource("Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Yarp.ReverseProxy", "Grpc.Net.Client", "Grpc.AspNetCore.Server")
                        .AddProcessor(new DropProbes())
                        .AddProcessor(new DropPaths())
                        .AddOtlpExporter();
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(
                    $"secondopinion.{service}", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting",
                    "System.Net.Http", "System.Runtime", "Npgsql", "MassTransit", "Grpc.Net.Client", "Grpc.AspNetCore.Server");
                // MassTransit's histograms are in milliseconds; the SDK's default buckets fit, those in seconds bring their own.
                if (exports)
                {
                    metrics.AddOtlpExporter();
                }
            });
        if (exports)
        {
            telemetry.WithLogging(logging => logging.AddOtlpExporter());
        }
    }

    /// <summary>Probes would drown the traces: they are not exported.</summary>
    private sealed class DropProbes : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("http.route") is "/health" or "/alive")
            {
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            }
        }
    }

    /// <summary>The address of an outgoing HTTP call holds the ids of cases and insurers; the span around it has the route.</summary>
    private sealed class DropPaths : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => data.SetTag("url.full", null);
    }
}
