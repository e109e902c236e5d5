using System.Net;
using System.Net.Http.Json;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class RoutingTests : IAsyncLifetime
{
    private GatewayUnderTest _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayUnderTest.Start();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    /// <summary>Who reaches what, written by hand and apart from the gateway's own table: a slip in either shows.</summary>
    public static TheoryData<string, string, string> Matrix() => new()
    {
        { "POST /api/v1/eligibility/check", "billing", "patient agent partner ops" },
        { "GET /api/v1/insurers", "billing", "patient agent partner ops" },
        { "POST /api/v1/rosters", "billing", "partner ops" },
        { "PATCH /api/v1/rosters/1/content", "billing", "partner ops" },
        { "GET /api/v1/rosters/1/events", "billing", "partner ops" },
        { "GET /api/v1/coverage/counts", "billing", "partner ops" },
        { "GET /api/v1/ledger/cases/1", "billing", "ops" },
        { "GET /api/v1/invoices", "billing", "partner ops" },
        { "PUT /api/v1/fees/runs/1", "billing", "ops" },
        { "GET /api/v1/payments/receivables", "billing", "partner ops" },
        { "POST /api/v1/fund/decisions", "billing", "agent ops" },
        { "POST /api/v1/self-payments", "billing", "patient agent ops" },
        { "GET /api/v1/events", "billing", "partner" },
        { "GET /api/v1/webhooks", "billing", "partner ops" },
        { "GET /api/v1/codes", "intake", "anonymous patient physician agent council ops" },
        { "GET /api/v1/pathologies", "intake", "anonymous patient physician agent council ops" },
        { "GET /api/v1/orientation/rights", "intake", "anonymous patient physician agent council ops" },
        { "POST /api/v1/questionnaires/read", "intake", "anonymous patient physician agent council ops" },
        { "POST /api/v1/cases", "intake", "patient physician agent ops" },
        { "GET /api/v1/cases/1/opinion.pdf", "intake", "patient physician agent ops" },
        { "POST /api/v1/cases/1/documents", "intake", "patient physician agent ops" },
        { "POST /api/v1/cases/1/uploads", "intake", "patient physician agent ops" },
        { "PATCH /api/v1/cases/1/uploads/1", "intake", "patient physician agent ops" },
        { "GET /api/v1/cases/1/documents", "intake", "patient physician agent ops" },
        { "GET /api/v1/retention", "intake", "ops" },
        { "GET /api/v1/matching/cases/1", "matching", "council ops" },
        { "GET /api/v1/physicians", "physician", "physician council ops" },
        { "GET /api/v1/worklist", "physician", "physician" },
        { "POST /api/v1/worklist/cases/1/opinion/sign", "physician", "physician" },
        { "GET /api/v1/reports/indicators", "reporting", "council ops" },
        { "POST /api/v1/surveys/answers", "reporting", "anonymous patient physician agent council ops" },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Each_role_reaches_its_routes_and_no_other(string request, string service, string allowed)
    {
        foreach (var role in Roles.All.Append("anonymous"))
        {
            using var message = new HttpRequestMessage(new HttpMethod(request.Split(' ')[0]), request.Split(' ')[1]);
            var response = await _gateway.Http(role == "anonymous" ? null : TestTokens.Of(role)).SendAsync(message);
            if (allowed.Split(' ').Contains(role))
            {
                (await response.Echo()).Service.ShouldBe(service, role);
            }
            else if (role == "anonymous")
            {
                await response.Problem(401, "REQ-0003");
            }
            else
            {
                await response.Problem(403, "REQ-0004");
            }
        }
    }

    [Fact]
    public void Every_route_of_the_table_is_in_the_matrix()
    {
        foreach (var route in Routes.All)
        {
            var pattern = "^" + (route.Method ?? "[A-Z]+") + " " + Routes.Api
                + route.Path.Replace("{caseId}", "[^/]+", StringComparison.Ordinal).Replace("{importId}", "[^/]+", StringComparison.Ordinal)
                    .Replace("{uploadId}", "[^/]+", StringComparison.Ordinal) + "(/|$)";
            Matrix().ShouldContain(row => System.Text.RegularExpressions.Regex.IsMatch(row.Data.Item1, pattern), route.Id);
        }
    }

    [Theory]
    [InlineData("/api/v1/cases")]
    [InlineData("/API/V1/CASES/1")]
    [InlineData("/api/v1/eligibility/../cases/1")]
    [InlineData("/api/v1/eligibility/%2e%2e/cases/1")]
    [InlineData("/api/v1//cases/1")]
    [InlineData("/api/v1/eligibility/..%2fcases/1")]
    [InlineData("/api/v1/worklist")]
    [InlineData("/api/v1/reports/indicators")]
    [InlineData("/api/v1/matching/cases/1")]
    [InlineData("/api/v1/pathologies")]
    [InlineData("/api/v1/ledger")]
    public async Task An_insurers_token_reaches_no_clinical_route_however_the_path_is_written(string path)
    {
        var address =
            new Uri(
                $"{_gateway.Address.GetLeftPart(UriPartial.Authority)}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var response = await _gateway.Http(TestTokens.Partner(Guid.CreateVersion7())).GetAsync(address);
        foreach (var clinical in (string[])["intake", "matching", "physician", "reporting"])
        {
            _gateway[clinical].Requests.ShouldBe(0);
        }

        if (response.IsSuccessStatusCode)
        {
            (await response.Echo()).Path.ShouldStartWith("/api/v1/eligibility/");
        }
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/api/v1")]
    [InlineData("GET", "/api/v1/casesandmore")]
    [InlineData("POST", "/api/v2/cases")]
    [InlineData("GET", "/.well-known/anything")]
    public async Task An_unknown_route_is_a_plain_404_for_everybody(string method, string path)
    {
        foreach (var token in new[] { null, TestTokens.Of(Roles.Ops) })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            await (await _gateway.Http(token).SendAsync(request)).Problem(404, "REQ-0005");
        }
    }

    [Fact]
    public async Task A_token_of_another_key_or_past_its_time_is_refused()
    {
        var good = TestTokens.Of(Roles.Ops);
        await (await _gateway.Http(good[..^6] + "AAAAAA").GetAsync("/api/v1/ledger")).Problem(401, "REQ-0003");
        var none = $"{Base64("""{"alg":"none","typ":"JWT"}""")}.{good.Split('.')[1]}.";
        await (await _gateway.Http(none).GetAsync("/api/v1/ledger")).Problem(401, "REQ-0003");

        static string Base64(string json) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(json)).TrimEnd('=');
    }

    [Fact]
    public async Task Method_path_query_body_and_token_arrive_as_they_were_sent()
    {
        var token = TestTokens.Patient(Guid.CreateVersion7());
        var http = _gateway.Http(token);
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/cases/1/answers?a=b%20c&d=%C3%A9")
        {
            Content = JsonContent.Create(new { texte = "déjà vu" }),
        };
        request.Headers.TryAddWithoutValidation("If-Match", "\"v7\"");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", "abc");
        var echo = await (await http.SendAsync(request)).Echo();
        echo.Method.ShouldBe("PUT");
        echo.Path.ShouldBe("/api/v1/cases/1/answers?a=b%20c&d=%C3%A9");
        echo.BodyLength.ShouldBe(System.Text.Encoding.UTF8.GetByteCount("""{"texte":"d\u00E9j\u00E0 vu"}"""));
        echo.Header("Authorization").ShouldBe($"Bearer {token}");
        echo.Header("If-Match").ShouldBe("\"v7\"");
        echo.Header("Idempotency-Key").ShouldBe("abc");
    }

    [Fact]
    public async Task All_replicas_take_part()
    {
        await using var second = await Upstream.Start("billing");
        await using var gateway = await GatewayUnderTest.Start(alsoAt: ("billing", second.Address));
        var http = gateway.Http(TestTokens.Of(Roles.Ops));
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => http.GetAsync("/api/v1/ledger")));
        gateway["billing"].Requests.ShouldBeGreaterThan(0);
        second.Requests.ShouldBeGreaterThan(0);
        (gateway["billing"].Requests + second.Requests).ShouldBe(60);
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("PROPFIND")]
    public async Task Other_methods_end_at_the_gateway(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/ledger");
        await (await _gateway.Http(TestTokens.Of(Roles.Ops)).SendAsync(request)).Problem(405, "REQ-0006");
        _gateway["billing"].Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Events_stream_through_as_they_are_sent()
    {
        var second = new TaskCompletionSource();
        _gateway["billing"].Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.WriteAsync("data: 1\n\n"u8.ToArray());
            await context.Response.Body.FlushAsync();
            await second.Task;
            await context.Response.Body.WriteAsync("data: 2\n\n"u8.ToArray());
        };
        var response = await _gateway.Http(TestTokens.Of(Roles.Ops)).GetAsync("/api/v1/rosters/1/events", HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe("data: 1");
        second.SetResult();
        (await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10))).ShouldContain("data: 2");
    }
}
