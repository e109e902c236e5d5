using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What leaves a service towards whoever collects its telemetry.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task A_request_is_exported_by_its_route_and_never_by_the_path_or_the_query_that_were_sent()
    {
        await using var collector = await Collector.Start();
        await using var probe = await ServiceUnderTest<Program>.Start("probe", new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
        });
        var http = probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var id = Guid.CreateVersion7();

        await http.GetAsync($"/api/v1/things/{id}?q=endometriose");
        await http.GetAsync("/api/v1/absent/crohn?q=endometriose");
        await http.GetAsync("/api/v1/broken?q=endometriose");
        await http.PostAsJsonAsync("/api/v1/things?q=endometriose", new { name = "" });

        foreach (var expected in new[] { "/api/v1/things/{id:guid}", "/api/v1/broken", "POST /api/v1/things" })
        {
            await Eventually.True(() => collector.Traces.Contains(expected, StringComparison.Ordinal), $"{expected} has been exported");
        }

        foreach (var secret in new[] { id.ToString(), "endometriose", "crohn", "url.path", "url.query" })
        {
            collector.Everything.ShouldNotContain(secret);
        }

        // The health checks of the start have been exported before, were they exported at all.
        collector.Traces.ShouldNotContain("/health");
    }

    /// <summary>Takes everything that is sent by OTLP over HTTP, as bytes: names and values stand in them as they are.</summary>
    private sealed class Collector(WebApplication app) : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, string Body)> _taken = new();

        public string Address => app.Urls.First();

        public string Everything => string.Concat(_taken.Select(t => t.Body));

        public string Traces => string.Concat(_taken.Where(t => t.Path == "/v1/traces").Select(t => t.Body));

        public static async Task<Collector> Start()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var collector = new Collector(builder.Build());
            await collector.Serve();
            return collector;
        }

        private async Task Serve()
        {
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                _taken.Enqueue((context.Request.Path.Value!, Encoding.Latin1.GetString(body.ToArray())));
            });
            await app.StartAsync();
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
