using Aspire.Hosting.Page.Otlp;
using Aspire.Hosting.Page.Telemetry;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace SecondOpinion.Tests.Hosting;

public sealed class TelemetryTests
{
    [Fact]
    public void Quantiles_are_within_a_tenth_of_the_true_ones()
    {
        var durations = Gen.Choose(1, 5_000_000).Select(static microseconds => microseconds / 1000.0).NonEmptyListOf();

        Prop.ForAll(durations.ToArbitrary(), static values =>
        {
            var histogram = new LatencyHistogram();
            foreach (var value in values)
            {
                histogram.Add(value);
            }

            var sorted = values.Order().ToList();
            return new[] { 0.5, 0.95, 0.99 }.All(quantile =>
            {
                var exact = sorted[Math.Max(1, (int)Math.Ceiling(quantile * sorted.Count)) - 1];
                var estimate = histogram.Quantile(quantile);
                return estimate >= exact * 0.999 && estimate <= Math.Max(0.01, exact * 1.1001);
            });
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Adding_histograms_is_like_counting_everything_in_one()
    {
        var one = new LatencyHistogram();
        var two = new LatencyHistogram();
        var all = new LatencyHistogram();
        for (var i = 1; i <= 100; i++)
        {
            (i % 3 == 0 ? one : two).Add(i);
            all.Add(i);
        }

        one.Add(two);

        one.Count.ShouldBe(100);
        one.Quantile(0.95).ShouldBe(all.Quantile(0.95));
    }

    [Fact]
    public void Rates_and_errors_are_counted_where_work_enters_a_service()
    {
        var red = new RedStatistics(TimeProvider.System);
        red.Add(
        [
            Span("a", "1", null, "front", "server", error: false),
            Span("a", "2", "1", "front", "client", error: true),
            Span("a", "3", "2", "back", "server", error: true),
            Span("a", "4", "3", "back", "internal", error: true),
            Span("b", "5", null, "back", "consumer", error: false),
        ]);

        var services = red.Get();

        services.Select(static service => (service.Service, service.Count, service.Errors)).ShouldBe([("back", 2, 1), ("front", 1, 0)]);
        services[0].Points.Sum(static point => point.Rate).ShouldBe(0.2, 1e-9);
        services[0].Operations.Select(static operation => (operation.Operation, operation.Count)).ShouldBe([("work", 2)]);
    }

    [Fact]
    public void A_trace_reads_from_its_root_down_in_time_order_whatever_order_it_came_in()
    {
        var traces = new TraceStore();
        traces.Add([Span("t", "3", "1", "back", "server", start: 30)]);
        traces.Add([Span("t", "4", "3", "back", "internal", start: 40), Span("t", "2", "1", "front", "client", start: 20)]);
        traces.Add([Span("t", "1", null, "front", "server", start: 10), Span("t", "9", "gone", "late", "internal", start: 99)]);

        traces.Get("t").Select(static each => (each.Span.SpanId, each.Depth)).ShouldBe([("1", 0), ("2", 1), ("3", 1), ("4", 2), ("9", 0)]);
        var summary = traces.Find(null, null, errorsOnly: false, 10).Single();
        (summary.Service, summary.Spans, summary.Errors).ShouldBe(("front", 5, 0));
        traces.Get("unknown").ShouldBeEmpty();
    }

    [Fact]
    public void The_oldest_traces_go_and_searching_finds_by_service_name_error_and_id()
    {
        var traces = new TraceStore();
        for (var i = 0; i < TraceStore.Kept + 10; i++)
        {
            traces.Add([Span($"{i:x6}", "1", null, i % 2 == 0 ? "even" : "odd", "server", error: i % 100 == 0, start: i)]);
        }

        traces.Get($"{9:x6}").ShouldBeEmpty();
        traces.Get($"{10:x6}").Count.ShouldBe(1);
        traces.Find(null, null, false, 5000).Count.ShouldBe(TraceStore.Kept);
        traces.Find("odd", null, false, 5000).Count.ShouldBe(TraceStore.Kept / 2);
        traces.Find(null, null, true, 5000).Count.ShouldBe(10);
        traces.Find(null, $"{500:x6}", false, 10).Single().TraceId.ShouldBe($"{500:x6}");
        traces.Find(null, "WORK", false, 3).Count.ShouldBe(3);
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.HttpRequestIn", "http.route", "/cases/{id}", "GET /cases/{id}")]
    [InlineData("GET", "url.full", "http://localhost:1/cases/1?x=y", "GET /cases/1")]
    [InlineData("consume offers", "http.route", "/x", "consume offers")]
    public void A_span_is_named_for_what_was_asked(string name, string key, string value, string expected)
    {
        var span = new Span { Name = name, TraceId = ByteString.CopyFrom(1), SpanId = ByteString.CopyFrom(2) };
        span.Attributes.Add(Text("http.request.method", "GET"));
        span.Attributes.Add(Text(key, value));

        SpanRecord.Read(Request(span)).Single().Name.ShouldBe(expected);
    }

    [Fact]
    public void A_server_span_that_answered_5xx_is_an_error_without_a_status()
    {
        var span = new Span { Name = "x", Kind = Aspire.Hosting.Page.Otlp.Span.Types.SpanKind.Server };
        span.Attributes.Add(Text("http.response.status_code", "503"));

        SpanRecord.Read(Request(span)).Single().Error.ShouldBeTrue();
    }

    internal static ExportTraceServiceRequest Request(params IEnumerable<Span> spans)
    {
        var scope = new ScopeSpans { Scope = new InstrumentationScope { Name = "test" } };
        scope.Spans.Add(spans);
        return new ExportTraceServiceRequest
        {
            ResourceSpans = { new ResourceSpans { Resource = new Aspire.Hosting.Page.Otlp.Resource { Attributes = { Text("service.name", "tested") } }, ScopeSpans = { scope } } },
        };
    }

    internal static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    private static SpanRecord Span(
        string trace, string id, string? parent, string service, string kind, bool error = false, long? start = null)
    {
        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
        return new SpanRecord(trace, id, parent, service, service, "test", "work", kind, start ?? now, 1_000_000, error, null, new Dictionary<string, string>(), [], []);
    }
}
