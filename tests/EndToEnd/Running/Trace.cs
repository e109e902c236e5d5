using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.EndToEnd.Running;

/// <param name="Service">Who recorded it.</param>
/// <param name="Scope">The library that made it.</param>
/// <param name="Kind">server, client, producer, consumer or internal.</param>
/// <param name="Depth">0 at the root.</param>
public sealed record TraceSpan(string Id, string? Parent, string Service, string Scope, string Kind, string Name, int Depth);

/// <summary>A trace of OTLP's JSON, from its roots down.</summary>
public sealed record Trace(IReadOnlyList<TraceSpan> Spans)
{
    private static readonly string[] Kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];

    public static Trace Read(JsonNode answer)
    {
        var flat = (
            from resource in answer["data"]!["resourceSpans"]!.AsArray()
            let service = (string)resource!["resource"]!["attributes"]!.AsArray().Single(a => (string)a!["key"]! == "service.name")!["value"]!["stringValue"]!
            from scope in resource["scopeSpans"]!.AsArray()
            from span in scope!["spans"]!.AsArray()
            select new TraceSpan(
                (string)span!["spanId"]!, (string?)span["parentSpanId"] is { Length: > 0 } parent ? parent : null, service,
                (string?)scope["scope"]?["name"] ?? "",
                Kinds[(int?)span["kind"] ?? 0], (string)span["name"]!, 0)).ToList();
        return new Trace([.. flat.Where(span => flat.TrueForAll(other => other.Id != span.Parent)).SelectMany(root => Below(root, flat))]);
    }

    private static IEnumerable<TraceSpan> Below(TraceSpan span, List<TraceSpan> all) =>
        [span, .. all.Where(child => child.Parent == span.Id).SelectMany(child => Below(child with { Depth = span.Depth + 1 }, all))];
}
