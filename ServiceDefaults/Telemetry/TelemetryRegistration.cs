using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace SecondOpinion.ServiceDefaults.Telemetry;

/// <summary>Traces, metrics and logs. Exported by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
internal static class TelemetryRegistration
{
    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(new ServiceName(service));
        builder.Services.AddSingleton<ServiceMetrics>();
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
                        .AddAspNetCoreInstrumentation(options => options.Filter = request => !IsProbe(request))
                        .AddHttpClientInstrumentation()
                        .AddSource("Npgsql", "Yarp.ReverseProxy", "Grpc.Net.Client")
                        .AddProcessor(new DropPaths())
                        .AddProcessor(new NameCalls())
                        .AddOtlpExporter();
                }
            })
            .WithMetrics(metrics =>
            {
                metrics
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddRuntimeInstrumentation()
                    .AddMeter($"secondopinion.{service}", "Npgsql", "MassTransit", "Grpc.Net.Client", "Grpc.AspNetCore.Server");
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

    /// <summary>Probes would drown the traces.</summary>
    private static bool IsProbe(HttpContext request) => request.Request.Path.Value is "/health" or "/alive";

    /// <summary>
    /// Paths and queries hold the ids of cases and insurers and the words that people search for, which is health data: no span keeps them as they were sent.
    /// The route says where a request went.
    /// </summary>
    private sealed class DropPaths : BaseProcessor<Activity>
    {
        private static readonly string[] Told = ["url.full", "url.path", "url.query", "http.url", "http.target"];

        public override void OnEnd(Activity data)
        {
            foreach (var tag in Told)
            {
                data.SetTag(tag, null);
            }
        }
    }

    /// <summary>Names the calls of one service to another as the conventions for RPC do; the client's own tags are older than those.</summary>
    private sealed class NameCalls : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Source.Name != "Grpc.Net.Client" || data.GetTagItem("grpc.method") is not string method)
            {
                return;
            }

            data.DisplayName = method.TrimStart('/');
            data.SetTag("rpc.system.name", "grpc");
            data.SetTag("rpc.method", data.DisplayName);
            if (data.GetTagItem("grpc.status_code") is string code && int.TryParse(code, CultureInfo.InvariantCulture, out var number))
            {
                data.SetTag("rpc.response.status_code", ((Grpc.Core.StatusCode)number).ToString());
                data.SetStatus(number == 0 ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
            }

            data.SetTag("grpc.method", null);
            data.SetTag("grpc.status_code", null);
        }
    }
}
