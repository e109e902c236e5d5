using System.Net.Sockets;
using System.Text;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class EdgeTests : IAsyncLifetime
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private GatewayUnderTest _gateway = null!;

    public async ValueTask InitializeAsync() =>
        _gateway = await GatewayUnderTest.Start(new() { ["Cors:Origins:0"] = "https://front.secondopinion.example" });

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task What_a_caller_may_not_claim_never_reaches_a_service()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/ledger");
        string[] claims =
        [
            "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "x-forwarded-user", "X-User-Id", "X-User-Role",
            "X-Original-URL", "X-Real-IP",
            "Forwarded", "baggage", "tracestate", "Correlation-Context", "Request-Id", "Cookie", "X-HTTP-Method-Override",
        ];
        foreach (var claim in claims)
        {
            request.Headers.TryAddWithoutValidation(claim, "patient=1");
        }

        request.Headers.TryAddWithoutValidation("X-Harmless", "kept");
        var echo = await (await _gateway.Http(TestTokens.Of(Roles.Ops)).SendAsync(request)).Echo();
        foreach (var claim in claims)
        {
            echo.Header(claim).ShouldBeNull(claim);
        }

        echo.Header("X-Harmless").ShouldBe("kept");
        echo.Headers.Keys.ShouldNotContain(name => name.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_valid_trace_goes_on_and_comes_back_in_the_answer()
    {
        var response = await Traced($"00-{TraceId}-b7ad6b7169203331-01");
        response.Header("Request-Id").ShouldBe(TraceId);
        (await response.Echo()).Header("traceparent")!.ShouldStartWith($"00-{TraceId}-");
    }

    [Fact]
    public async Task A_caller_cannot_keep_its_requests_out_of_the_traces()
    {
        var echo = await (await Traced($"00-{TraceId}-b7ad6b7169203331-00")).Echo();
        echo.Header("traceparent")!.ShouldStartWith($"00-{TraceId}-");
        echo.Header("traceparent")!.ShouldEndWith("-01");
    }

    [Theory]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
    [InlineData("nonsense")]
    [InlineData("")]
    public async Task A_malformed_trace_starts_a_new_one(string parent)
    {
        var response = await Traced(parent);
        var id = response.Header("Request-Id");
        id.ShouldNotBe(TraceId);
        id!.ShouldMatch("^[0-9a-f]{32}$");
        id!.ShouldNotMatch("^0+$");
        (await response.Echo()).Header("traceparent")!.ShouldStartWith($"00-{id}-");
    }

    [Fact]
    public async Task Ten_kilobytes_of_baggage_are_dropped_and_do_no_harm()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/ledger");
        request.Headers.TryAddWithoutValidation("baggage", "nom=" + new string('x', 10_000));
        var echo = await (await _gateway.Http(TestTokens.Of(Roles.Ops)).SendAsync(request)).Echo();
        echo.Headers.ShouldNotContain(h => h.Value.Contains("xxxx", StringComparison.Ordinal));
    }

    /// <summary>Whatever the gateway makes of two lengths, the service must not find a second request in the body of the first.</summary>
    [Theory]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 6")]
    [InlineData("Transfer-Encoding: chunked, identity\r\nContent-Length: 6")]
    [InlineData("Transfer-Encoding: xchunked\r\nContent-Length: 90")]
    [InlineData("Content-Length: 6\r\nContent-Length: 90")]
    [InlineData("Content-Length: +6")]
    public async Task A_body_with_two_lengths_smuggles_no_request(string lengths)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/eligibility/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestTokens.Partner(Guid.CreateVersion7())}\r\n{lengths}\r\n\r\n"
            + "0\r\n\r\nGET /api/v1/cases/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Smuggled: yes\r\n\r\n"));
        socket.Client.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20));
        _gateway["intake"].Requests.ShouldBe(0);
        _gateway["billing"].Requests.ShouldBeLessThanOrEqualTo(1);
    }

    [Theory]
    [InlineData("/api/v1/ledger")]
    [InlineData("/api/v1/worklist")]
    [InlineData("/nothing")]
    [InlineData("/health")]
    [InlineData("/docs/index.html")]
    [InlineData("/problems")]
    public async Task Every_answer_has_the_safety_headers(string path)
    {
        var response = await _gateway.Http(TestTokens.Of(Roles.Ops)).GetAsync(path);
        response.Header("X-Content-Type-Options").ShouldBe("nosniff");
        response.Header("X-Frame-Options").ShouldBe("DENY");
        response.Header("Referrer-Policy").ShouldBe("no-referrer");
        response.Header("Strict-Transport-Security").ShouldNotBeNull();
        response.Header("Content-Security-Policy")!.ShouldContain("default-src 'none'");
        response.Header("Cache-Control").ShouldNotBeNull();
        response.Header("Server").ShouldBeNull();
        response.Header("Request-Id").ShouldNotBeNull();
    }

    [Fact]
    public async Task Only_a_configured_origin_is_allowed()
    {
        (await Preflight("https://front.secondopinion.example")).Header("Access-Control-Allow-Origin").ShouldBe("https://front.secondopinion.example");
        (await Preflight("https://evil.example")).Header("Access-Control-Allow-Origin").ShouldBeNull();
    }

    /// <summary>A portal in a browser needs every header that the description asks for, and reads those that an upload and a download go on with.</summary>
    [Fact]
    public async Task Every_header_of_the_description_is_allowed_to_a_browser_and_what_it_must_read_is_exposed()
    {
        var description =
            System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(RealServices.RepositoryRoot, "docs", "openapi.json")))!;
        var asked = description["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject()).Select(o => o.Value as System.Text.Json.Nodes.JsonObject)
            .SelectMany(o => o?["parameters"]?.AsArray() ?? []).Where(p => (string?)p!["in"] == "header").Select(p => (string)p!["name"]!)
            .Concat(["Authorization", "Content-Type", "Accept-Language", "Idempotency-Key", "If-Match", "If-Range", "Range", "Upload-Offset"]).Distinct()
            .ToList();

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/v1/cases");
        preflight.Headers.Add("Origin", "https://front.secondopinion.example");
        preflight.Headers.Add("Access-Control-Request-Method", "PATCH");
        preflight.Headers.Add("Access-Control-Request-Headers", string.Join(",", asked).ToLowerInvariant());
        var allowed = (await _gateway.Http().SendAsync(preflight)).Header("Access-Control-Allow-Headers")!.Split(',', StringSplitOptions.TrimEntries);
        asked.ShouldAllBe(name => allowed.Contains(name, StringComparer.OrdinalIgnoreCase));

        using var simple = new HttpRequestMessage(HttpMethod.Get, "/problems");
        simple.Headers.Add("Origin", "https://front.secondopinion.example");
        var exposed = (await _gateway.Http().SendAsync(simple)).Header("Access-Control-Expose-Headers")!.Split(',', StringSplitOptions.TrimEntries);
        var answered = description["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(o => o.Value as System.Text.Json.Nodes.JsonObject)
            .SelectMany(o => o?["responses"]?.AsObject() ?? []).SelectMany(r => r.Value!["headers"]?.AsObject() ?? []).Select(h => h.Key).Distinct().ToList();
        answered.ShouldContain("Upload-Offset");
        answered.ShouldBeSubsetOf(exposed);
    }

    [Fact]
    public async Task Without_configuration_no_origin_is_allowed()
    {
        await using var closed = await GatewayUnderTest.Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/problems");
        request.Headers.Add("Origin", "https://front.secondopinion.example");
        (await closed.Http().SendAsync(request)).Header("Access-Control-Allow-Origin").ShouldBeNull();
    }

    [Fact]
    public async Task The_gateway_is_healthy_while_every_service_is_away()
    {
        foreach (var service in SecondOpinion.Gateway.Routing.Routes.Services)
        {
            await _gateway[service].Down();
        }

        (await _gateway.Http().GetAsync("/health")).IsSuccessStatusCode.ShouldBeTrue();
        (await _gateway.Http().GetAsync("/alive")).IsSuccessStatusCode.ShouldBeTrue();
    }

    private async Task<HttpResponseMessage> Traced(string parent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/ledger");
        request.Headers.TryAddWithoutValidation("traceparent", parent);
        return await _gateway.Http(TestTokens.Of(Roles.Ops)).SendAsync(request);
    }

    private async Task<HttpResponseMessage> Preflight(string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/v1/cases");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,idempotency-key");
        return await _gateway.Http().SendAsync(request);
    }
}
