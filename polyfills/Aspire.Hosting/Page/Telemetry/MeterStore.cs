using System.Globalization;
using Aspire.Hosting.Page.Otlp;

namespace Aspire.Hosting.Page.Telemetry;

/// <summary>The latest value of every metric that was received.</summary>
internal sealed class MeterStore
{
    private const int Kept = 5000;

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, MeterValue> values = new(StringComparer.Ordinal);

    public void Add(ExportMetricsServiceRequest request)
    {
        lock (gate)
        {
            foreach (var resource in request.ResourceMetrics)
            {
                var attributes = SpanRecord.Text(resource.Resource?.Attributes ?? []);
                var service = attributes.GetValueOrDefault("service.name", "unknown");

                // The host names replicas intake-0, intake-1; the SDK by itself would give each process a random number.
                if (attributes.GetValueOrDefault("service.instance.id") is { } instance && instance.StartsWith(service, StringComparison.Ordinal))
                {
                    service = instance;
                }

                foreach (var scope in resource.ScopeMetrics)
                {
                    foreach (var metric in scope.Metrics)
                    {
                        Add(service, scope.Scope?.Name ?? "", metric);
                    }
                }
            }
        }
    }

    public IReadOnlyList<MeterValue> Find(string? text, int limit)
    {
        lock (gate)
        {
            return [.. values.Values
                .Where(value => text is null
                    || value.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
                    || value.Meter.Contains(text, StringComparison.OrdinalIgnoreCase)
                    || value.Service.Contains(text, StringComparison.OrdinalIgnoreCase))
                .Take(limit)];
        }
    }

    private void Add(string service, string meter, Metric metric)
    {
        foreach (var point in (metric.Gauge ?? metric.Sum)?.DataPoints ?? [])
        {
            var number = point.ValueCase == NumberDataPoint.ValueOneofCase.AsInt
                ? point.AsInt.ToString(CultureInfo.InvariantCulture)
                : point.AsDouble.ToString("0.###", CultureInfo.InvariantCulture);
            Set(service, meter, metric, point.Attributes, number);
        }

        foreach (var point in metric.Histogram?.DataPoints ?? [])
        {
            var mean = point.Count == 0 ? 0 : point.Sum / point.Count;
            Set(service, meter, metric, point.Attributes, string.Create(CultureInfo.InvariantCulture, $"{point.Count} × {mean:0.####}"));
        }
    }

    private void Set(string service, string meter, Metric metric, IEnumerable<KeyValue> attributes, string value)
    {
        var labels = string.Join(", ", SpanRecord.Text(attributes).Select(static pair => $"{pair.Key}={pair.Value}"));
        var key = $"{service}|{meter}|{metric.Name}|{labels}";
        if (values.Count < Kept || values.ContainsKey(key))
        {
            values[key] = new MeterValue(service, meter, metric.Name, labels, value, metric.Unit, metric.Description);
        }
    }
}

internal sealed record MeterValue(string Service, string Meter, string Name, string Labels, string Value, string Unit, string Description);
