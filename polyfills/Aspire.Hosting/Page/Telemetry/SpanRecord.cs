using System.Globalization;
using Aspire.Hosting.Page.Otlp;

namespace Aspire.Hosting.Page.Telemetry;

/// <summary>A span as the page keeps it.</summary>
internal sealed record SpanRecord(
    string TraceId,
    string SpanId,
    string? ParentSpanId,
    string Service,
    string Instance,
    string Scope,
    string Name,
    string Kind,
    long StartNanoseconds,
    long DurationNanoseconds,
    bool Error,
    string? StatusMessage,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<SpanEvent> Events,
    IReadOnlyList<string> LinkedTraces)
{
    /// <summary>Whether work enters the service here: what rate, errors and duration of a service are counted from.</summary>
    public bool IsEntry => Kind is "server" or "consumer";

    public static IEnumerable<SpanRecord> Read(ExportTraceServiceRequest request) =>
        from resource in request.ResourceSpans
        let attributes = Text(resource.Resource?.Attributes ?? [])
        from scope in resource.ScopeSpans
        from span in scope.Spans
        select Read(span, attributes, scope.Scope?.Name ?? "");

    private static SpanRecord Read(Span span, Dictionary<string, string> resource, string scope)
    {
        var attributes = Text(span.Attributes);
        return new SpanRecord(
            Hex(span.TraceId),
            Hex(span.SpanId),
            span.ParentSpanId.IsEmpty ? null : Hex(span.ParentSpanId),
            resource.GetValueOrDefault("service.name", "unknown"),
            resource.GetValueOrDefault("service.instance.id", ""),
            scope,
            Describe(span.Name, attributes),
            span.Kind switch
            {
                Span.Types.SpanKind.Server => "server",
                Span.Types.SpanKind.Client => "client",
                Span.Types.SpanKind.Producer => "producer",
                Span.Types.SpanKind.Consumer => "consumer",
                _ => "internal",
            },
            (long)span.StartTimeUnixNano,
            Math.Max(0, (long)span.EndTimeUnixNano - (long)span.StartTimeUnixNano),
            IsError(span, attributes),
            span.Status?.Message is { Length: > 0 } message ? message : null,
            attributes,
            [.. span.Events.Select(static e => new SpanEvent((long)e.TimeUnixNano, e.Name, Text(e.Attributes)))],
            [.. span.Links.Select(static link => Hex(link.TraceId)).Distinct()]);
    }

    /// <summary>The framework names its own activities after the event; what was asked says more.</summary>
    private static string Describe(string name, Dictionary<string, string> attributes)
    {
        if (!attributes.TryGetValue("http.request.method", out var method) || !(name.StartsWith("Microsoft.", StringComparison.Ordinal) || name == method))
        {
            return name;
        }

        return (attributes.GetValueOrDefault("http.route") ?? attributes.GetValueOrDefault("url.path")) is { } path ? $"{method} {path}"
            : Uri.TryCreate(attributes.GetValueOrDefault("url.full"), UriKind.Absolute, out var url) ? $"{method} {url.AbsolutePath}"
            : method;
    }

    /// <summary>ASP.NET Core's own activities set no status on a 5xx answer, only the attribute.</summary>
    private static bool IsError(Span span, Dictionary<string, string> attributes) =>
        span.Status?.Code == SpanStatus.Types.StatusCode.Error
        || (span.Kind == Span.Types.SpanKind.Server
            && attributes.TryGetValue("http.response.status_code", out var status)
            && status.StartsWith('5'));

    internal static Dictionary<string, string> Text(IEnumerable<KeyValue> attributes)
    {
        var text = new Dictionary<string, string>();
        foreach (var attribute in attributes)
        {
            text[attribute.Key] = Text(attribute.Value);
        }

        return text;
    }

    private static string Text(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.ArrayValue => string.Join(", ", value.ArrayValue.Values.Select(Text)),
        _ => "",
    };

    private static string Hex(Google.Protobuf.ByteString bytes) => Convert.ToHexStringLower(bytes.Span);
}

internal sealed record SpanEvent(long TimeNanoseconds, string Name, IReadOnlyDictionary<string, string> Attributes);
