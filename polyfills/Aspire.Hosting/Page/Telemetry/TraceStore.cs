namespace Aspire.Hosting.Page.Telemetry;

/// <summary>The last traces, in memory. When there is no room, the one that was quiet longest goes.</summary>
internal sealed class TraceStore
{
    internal const int Kept = 1000;
    internal const int SpansPerTrace = 2000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Trace>> byId = [];

    /// <summary>Most recently touched first.</summary>
    private readonly LinkedList<Trace> recent = new();

    public void Add(IEnumerable<SpanRecord> spans)
    {
        lock (gate)
        {
            foreach (var span in spans)
            {
                if (byId.TryGetValue(span.TraceId, out var node))
                {
                    recent.Remove(node);
                }
                else
                {
                    node = new LinkedListNode<Trace>(new Trace(span.TraceId, []));
                    byId[span.TraceId] = node;
                }

                recent.AddFirst(node);
                if (node.Value.Spans.Count < SpansPerTrace)
                {
                    node.Value.Spans.Add(span);
                }
            }

            while (recent.Count > Kept)
            {
                byId.Remove(recent.Last!.Value.Id);
                recent.RemoveLast();
            }
        }
    }

    /// <summary>The newest traces that have the asked things in them.</summary>
    public IReadOnlyList<TraceSummary> Find(string? service, string? text, bool errorsOnly, int limit)
    {
        lock (gate)
        {
            return [.. recent
                .Where(trace => service is null || trace.Spans.Any(span => span.Service == service))
                .Where(trace => !errorsOnly || trace.Spans.Any(static span => span.Error))
                .Where(trace => text is null || trace.Id.StartsWith(text, StringComparison.OrdinalIgnoreCase)
                    || trace.Spans.Any(span => span.Name.Contains(text, StringComparison.OrdinalIgnoreCase)))
                .Select(Summarize)
                .OrderByDescending(static summary => summary.StartNanoseconds)
                .Take(limit)];
        }
    }

    /// <summary>All spans of a trace, each after its parent, siblings by start.</summary>
    public IReadOnlyList<(SpanRecord Span, int Depth)> Get(string traceId)
    {
        lock (gate)
        {
            return byId.TryGetValue(traceId, out var node) ? Order(node.Value.Spans) : [];
        }
    }

    private static List<(SpanRecord, int)> Order(List<SpanRecord> spans)
    {
        var known = spans.Select(static span => span.SpanId).ToHashSet();
        var children = spans.ToLookup(span => span.ParentSpanId is { } parent && known.Contains(parent) ? parent : "");
        var ordered = new List<(SpanRecord, int)>(spans.Count);
        var stack = new Stack<(SpanRecord Span, int Depth)>(children[""].OrderByDescending(static span => span.StartNanoseconds).Select(static span => (span, 0)));
        while (stack.TryPop(out var next))
        {
            ordered.Add(next);
            foreach (var child in children[next.Span.SpanId].OrderByDescending(static span => span.StartNanoseconds))
            {
                stack.Push((child, next.Depth + 1));
            }
        }

        return ordered;
    }

    private static TraceSummary Summarize(Trace trace)
    {
        var start = trace.Spans.Min(static span => span.StartNanoseconds);
        var end = trace.Spans.Max(static span => span.StartNanoseconds + span.DurationNanoseconds);
        var known = trace.Spans.Select(static span => span.SpanId).ToHashSet();
        var root = trace.Spans.Where(span => span.ParentSpanId is null || !known.Contains(span.ParentSpanId)).MinBy(static span => span.StartNanoseconds)
            ?? trace.Spans[0];
        return new TraceSummary(
            trace.Id,
            root.Service,
            root.Name,
            start,
            end - start,
            trace.Spans.Count,
            trace.Spans.Count(static span => span.Error),
            [.. trace.Spans.GroupBy(static span => span.Service).Select(static group => new ServiceCount(group.Key, group.Count())).OrderByDescending(static s => s.Spans)]);
    }

    private sealed record Trace(string Id, List<SpanRecord> Spans);
}

internal sealed record TraceSummary(
    string TraceId,
    string Service,
    string Name,
    long StartNanoseconds,
    long DurationNanoseconds,
    int Spans,
    int Errors,
    IReadOnlyList<ServiceCount> Services);

internal sealed record ServiceCount(string Service, int Spans);
