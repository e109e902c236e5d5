using Aspire.Hosting.Page.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Aspire.Hosting.Page;

/// <summary>What the page asks about traces and metrics.</summary>
internal static class TelemetryApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/traces", (TraceStore traces, string? service, string? text, bool? errors, int? limit) =>
            traces.Find(Given(service), Given(text), errors ?? false, Math.Clamp(limit ?? 100, 1, TraceStore.Kept)));
        routes.MapGet("/api/traces/{traceId}", (TraceStore traces, string traceId) =>
            traces.Get(traceId) is { Count: > 0 } spans ? Results.Ok(Waterfall(traceId, spans)) : Results.NotFound());
        routes.MapGet("/api/metrics/red", (RedStatistics red) => red.Get());
        routes.MapGet("/api/metrics/values", (MeterStore meters, string? text) => meters.Find(Given(text), 500));
    }

    private static WaterfallView Waterfall(string traceId, IReadOnlyList<(SpanRecord Span, int Depth)> spans)
    {
        var start = spans.Min(static each => each.Span.StartNanoseconds);
        var end = spans.Max(static each => each.Span.StartNanoseconds + each.Span.DurationNanoseconds);
        return new WaterfallView(
            traceId,
            start / 1_000_000,
            (end - start) / 1e6,
            [.. spans.Select(each => new WaterfallRow(
                each.Span.SpanId,
                each.Depth,
                each.Span.Service,
                each.Span.Instance,
                each.Span.Scope,
                each.Span.Name,
                each.Span.Kind,
                (each.Span.StartNanoseconds - start) / 1e6,
                each.Span.DurationNanoseconds / 1e6,
                each.Span.Error,
                each.Span.StatusMessage,
                each.Span.Attributes,
                [.. each.Span.Events.Select(e => new WaterfallEvent(e.Name, (e.TimeNanoseconds - start) / 1e6, e.Attributes))],
                each.Span.LinkedTraces))]);
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    /// <summary>Times in milliseconds; the rows' from the trace's start.</summary>
    private sealed record WaterfallView(string TraceId, long StartUnixMilliseconds, double Duration, IReadOnlyList<WaterfallRow> Spans);

    private sealed record WaterfallRow(
        string SpanId,
        int Depth,
        string Service,
        string Instance,
        string Scope,
        string Name,
        string Kind,
        double Start,
        double Duration,
        bool Error,
        string? Message,
        IReadOnlyDictionary<string, string> Attributes,
        IReadOnlyList<WaterfallEvent> Events,
        IReadOnlyList<string> LinkedTraces);

    private sealed record WaterfallEvent(string Name, double At, IReadOnlyDictionary<string, string> Attributes);
}
