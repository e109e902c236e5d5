using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SecondOpinion.Gateway.Edge;

/// <summary>
/// Takes a caller's trace id and nothing else: no baggage (a way in for personal data), no tracestate, and not its wish to be left unsampled. Anything but a
/// well-formed <c>traceparent</c> of version 00 starts a new trace.
/// </summary>
internal sealed partial class EdgePropagator : DistributedContextPropagator
{
    private readonly DistributedContextPropagator _w3c = CreateDefaultPropagator();

    public override IReadOnlyCollection<string> Fields => _w3c.Fields;

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => _w3c.Inject(activity, carrier, setter);

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        (traceId, traceState) = (null, null);
        if (getter is null)
        {
            return;
        }

        getter(carrier, "traceparent", out var one, out var several);
        var parent = one ?? (several is null ? null : string.Join(',', several));
        if (parent is not null && IsValid(parent))
        {
            traceId = $"{parent[..^2]}01";
        }
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;

    public static bool IsValid(string parent) => TraceParent().IsMatch(parent);

    [GeneratedRegex(@"\A00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\z")]
    private static partial Regex TraceParent();
}
