namespace Aspire.Hosting.Page.Telemetry;

/// <summary>
/// Rate, errors and duration of each service, from the spans with which work enters it, so a message consumed counts like a request served.
/// Ten seconds a point, a quarter of an hour back.
/// </summary>
internal sealed class RedStatistics(TimeProvider time)
{
    internal static readonly TimeSpan Width = TimeSpan.FromSeconds(10);
    internal const int Points = 90;

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, SortedDictionary<long, Point>> services = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Service, string Operation), Point> operations = [];

    public void Add(IEnumerable<SpanRecord> spans)
    {
        lock (gate)
        {
            foreach (var span in spans.Where(static span => span.IsEntry))
            {
                var end = (span.StartNanoseconds + span.DurationNanoseconds) / 100 / Width.Ticks;
                var milliseconds = span.DurationNanoseconds / 1e6;
                if (!services.TryGetValue(span.Service, out var points))
                {
                    services[span.Service] = points = [];
                }

                Count(points.TryGetValue(end, out var point) ? point : points[end] = new Point(), span, milliseconds);
                var key = (span.Service, span.Name);
                if (operations.Count < 2000 || operations.ContainsKey(key))
                {
                    Count(operations.TryGetValue(key, out var operation) ? operation : operations[key] = new Point(), span, milliseconds);
                }

                while (points.Count > 2 * Points)
                {
                    points.Remove(points.Keys.First());
                }
            }
        }
    }

    public IReadOnlyList<ServiceRed> Get()
    {
        var now = Slot(time.GetUtcNow());
        lock (gate)
        {
            return [.. services.Select(service =>
            {
                List<Point> points = [.. Enumerable.Range(0, Points).Select(i => service.Value.GetValueOrDefault(now - Points + 1 + i) ?? new Point())];
                var all = new LatencyHistogram();
                points.ForEach(point => all.Add(point.Durations));
                return new ServiceRed(
                    service.Key,
                    all.Count,
                    points.Sum(static point => point.Errors),
                    all.Quantile(0.5),
                    all.Quantile(0.95),
                    all.Quantile(0.99),
                    [.. points.Select(static point => new RedPoint(
                        point.Durations.Count / Width.TotalSeconds,
                        point.Errors / Width.TotalSeconds,
                        point.Durations.Quantile(0.5),
                        point.Durations.Quantile(0.95),
                        point.Durations.Quantile(0.99)))],
                    [.. operations.Where(operation => operation.Key.Service == service.Key)
                        .OrderByDescending(static operation => operation.Value.Durations.Count)
                        .Take(12)
                        .Select(static operation => new OperationRed(
                            operation.Key.Operation,
                            operation.Value.Durations.Count,
                            operation.Value.Errors,
                            operation.Value.Durations.Quantile(0.5),
                            operation.Value.Durations.Quantile(0.95),
                            operation.Value.Durations.Quantile(0.99)))]);
            })];
        }
    }

    private static long Slot(DateTimeOffset moment) => (moment - DateTimeOffset.UnixEpoch).Ticks / Width.Ticks;

    private static void Count(Point point, SpanRecord span, double milliseconds)
    {
        point.Durations.Add(milliseconds);
        point.Errors += span.Error ? 1 : 0;
    }

    private sealed class Point
    {
        public LatencyHistogram Durations { get; } = new();

        public int Errors { get; set; }
    }
}

/// <summary>Durations in milliseconds.</summary>
internal sealed record ServiceRed(
    string Service, int Count, int Errors, double P50, double P95, double P99, IReadOnlyList<RedPoint> Points, IReadOnlyList<OperationRed> Operations);

/// <summary>Rate and errors a second, durations in milliseconds.</summary>
internal sealed record RedPoint(double Rate, double Errors, double P50, double P95, double P99);

internal sealed record OperationRed(string Operation, int Count, int Errors, double P50, double P95, double P99);
