using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Aspire.Hosting.Page;
using Aspire.Hosting.Page.Otlp;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.Tests.Hosting;

public sealed class ResourcePageTests(RunningPage page) : IClassFixture<RunningPage>
{
    [Fact]
    public async Task Every_replica_is_a_row_with_its_state_and_addresses()
    {
        await Eventually.True(async () => (await Rows()).All(static row => row.GetProperty("state").GetString() is "Running" or "Crash loop" or "Restarting"), "all rows are up");
        var rows = await Rows();

        rows.Select(static row => row.GetProperty("id").GetString()).ShouldBe(["back-0", "back-1", "front", "doomed"]);
        rows[2].GetProperty("health").GetString().ShouldBe("Healthy");
        rows[2].GetProperty("uptimeSeconds").GetDouble().ShouldBeGreaterThan(0);
        rows[2].GetProperty("endpoints")[0].GetProperty("url").GetString().ShouldBe(page.App.GetEndpoint("front").AbsoluteUri.TrimEnd('/'));
        rows[3].GetProperty("reason").GetString()!.ShouldStartWith("exited with code 7");
    }

    [Fact]
    public async Task The_row_stream_brings_processor_and_memory()
    {
        using var stream = new StreamReader(await page.Client.GetStreamAsync("api/resources/stream"));
        JsonElement front;
        do
        {
            var line = await stream.ReadLineAsync();
            front = line is { Length: > 6 } ? JsonDocument.Parse(line[6..]).RootElement[2] : default;
        }
        while (front.ValueKind == JsonValueKind.Undefined || front.GetProperty("memoryBytes").ValueKind == JsonValueKind.Null);

        front.GetProperty("memoryBytes").GetInt64().ShouldBeGreaterThan(10_000_000);
    }

    [Fact]
    public async Task Secrets_are_not_even_sent()
    {
        var text = await page.Client.GetStringAsync("api/resources/front/environment");

        text.ShouldContain("PEPPER");
        text.ShouldNotContain(await page.Pepper());
        var variables = JsonDocument.Parse(text).RootElement.EnumerateArray().ToList();
        var pepper = variables.Single(static v => v.GetProperty("name").GetString() == "PEPPER");
        (pepper.GetProperty("value").ValueKind, pepper.GetProperty("secret").GetBoolean()).ShouldBe((JsonValueKind.Null, true));
        variables.Single(static v => v.GetProperty("name").GetString() == "PLAIN").GetProperty("value").GetString().ShouldBe("visible");
        (await page.Client.GetAsync("api/resources/nobody/environment")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_log_stream_begins_with_what_was_written_and_knows_levels()
    {
        using var stream = new StreamReader(await page.Client.GetStreamAsync("api/resources/front/logs"));

        var first = JsonDocument.Parse((await stream.ReadLineAsync())![6..]).RootElement[0];

        first.GetProperty("number").GetInt32().ShouldBe(1);
        first.GetProperty("text").GetString()!.ShouldContain("Now listening on");
        first.GetProperty("level").GetString().ShouldBe("information");
    }

    [Theory]
    [InlineData(null, "same-origin", HttpStatusCode.Forbidden)]
    [InlineData("wrong", "same-origin", HttpStatusCode.Forbidden)]
    [InlineData("right", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("right", "same-origin", HttpStatusCode.NoContent)]
    public async Task A_button_works_only_from_the_page_itself(string? token, string site, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/resources/back-1/restart");
        request.Headers.Add("Sec-Fetch-Site", site);
        if (token is not null)
        {
            request.Headers.Add(PageSecurity.TokenHeader, token == "right" ? PageSecurity.Token : token);
        }

        using var response = await page.Client.SendAsync(request);

        response.StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task Another_host_name_is_refused_and_no_script_of_others_runs()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/resources");
        request.Headers.Host = $"attacker.example:{page.Client.BaseAddress!.Port}";

        (await page.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.MisdirectedRequest);

        var policy = (await page.Client.GetAsync("")).Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("script-src 'self'");
        policy.ShouldContain("frame-ancestors 'none'");
    }

    [Fact]
    public async Task One_trace_runs_through_the_services_that_took_part()
    {
        using var front = page.App.CreateHttpClient("front");
        await front.GetStringAsync("next/back/next/front/pid");
        JsonElement trace = default;
        await Eventually.True(async () => (trace = await Largest()).ValueKind == JsonValueKind.Object && trace.GetProperty("spans").GetInt32() >= 5, "all spans of the trace are in");

        var view = JsonDocument.Parse(await page.Client.GetStringAsync($"api/traces/{trace.GetProperty("traceId").GetString()}")).RootElement;

        var spans = view.GetProperty("spans").EnumerateArray().Select(static span =>
            (span.GetProperty("service").GetString(), span.GetProperty("kind").GetString(), span.GetProperty("depth").GetInt32())).ToList();
        spans.ShouldBe([("front", "server", 0), ("front", "client", 1), ("back", "server", 2), ("back", "client", 3), ("front", "server", 4)]);
        view.GetProperty("spans")[0].GetProperty("name").GetString().ShouldBe("GET /next/back/next/front/pid");
        (await page.Client.GetStringAsync("api/metrics/red")).ShouldContain("\"service\":\"back\"");
    }

    [Fact]
    public async Task Health_checks_are_not_traced()
    {
        await page.App.HealthyAsync("front");

        (await page.Client.GetStringAsync("api/traces?text=health&limit=1000")).ShouldBe("[]");
    }

    [Fact]
    public async Task Telemetry_is_taken_over_HTTP_also_compressed()
    {
        var span = new Span { Name = "posted", TraceId = ByteString.CopyFrom(new byte[16]), SpanId = ByteString.CopyFrom(1, 2, 3, 4, 5, 6, 7, 8) };
        using var body = new MemoryStream();
        await using (var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true))
        {
            TelemetryTests.Request(span).WriteTo(gzip);
        }

        using var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        content.Headers.ContentEncoding.Add("gzip");
        (await page.Client.PostAsync("v1/traces", content)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await page.Client.GetStringAsync("api/traces?text=posted")).ShouldContain("\"spans\":1");
    }

    [Fact]
    public async Task Telemetry_of_another_kind_or_that_is_none_is_refused()
    {
        using var text = new StringContent("x");
        using var garbage = new ByteArrayContent([0xFF, 0xFF, 0xFF]);
        garbage.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");

        (await page.Client.PostAsync("v1/traces", text)).StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await page.Client.PostAsync("v1/traces", garbage)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Telemetry_is_taken_over_gRPC()
    {
        var endpoint = page.App.Services.GetRequiredService<Aspire.Hosting.Running.OtlpEnvironment>().GrpcEndpoint!;
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(endpoint);
        var marshaller = Grpc.Core.Marshallers.Create(static (ExportTraceServiceRequest m) => m.ToByteArray(), ExportTraceServiceRequest.Parser.ParseFrom);
        var answer = Grpc.Core.Marshallers.Create(static (ExportTraceServiceResponse m) => m.ToByteArray(), ExportTraceServiceResponse.Parser.ParseFrom);
        var method = new Grpc.Core.Method<ExportTraceServiceRequest, ExportTraceServiceResponse>(
            Grpc.Core.MethodType.Unary, "opentelemetry.proto.collector.trace.v1.TraceService", "Export", marshaller, answer);
        var span = new Span { Name = "called", TraceId = ByteString.CopyFrom(Enumerable.Repeat((byte)7, 16).ToArray()), SpanId = ByteString.CopyFrom(1) };

        await channel.CreateCallInvoker().AsyncUnaryCall(method, null, new Grpc.Core.CallOptions(deadline: DateTime.UtcNow.AddSeconds(10)), TelemetryTests.Request(span));

        (await page.Client.GetStringAsync("api/traces?text=called")).ShouldContain("\"spans\":1");
    }

    private async Task<List<JsonElement>> Rows() => [.. JsonDocument.Parse(await page.Client.GetStringAsync("api/resources")).RootElement.EnumerateArray()];

    private async Task<JsonElement> Largest() => JsonDocument.Parse(await page.Client.GetStringAsync("api/traces?service=back")).RootElement.EnumerateArray()
        .OrderByDescending(static trace => trace.GetProperty("spans").GetInt32()).FirstOrDefault();
}
