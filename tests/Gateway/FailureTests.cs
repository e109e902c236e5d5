using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class FailureTests
{
    private static readonly string Ops = TestTokens.Of(Roles.Ops);

    [Fact]
    public async Task A_service_that_is_away_is_a_503_that_says_when_to_come_back()
    {
        await using var gateway = await GatewayUnderTest.Start();
        await gateway["billing"].Down();
        var response = await gateway.Http(Ops).GetAsync("/api/v1/ledger");
        await response.Problem(503, "GTW-0002");
        response.Header("Retry-After").ShouldBe("5");
        (await gateway.Http(Ops).GetAsync("/api/v1/reports/indicators")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_service_without_any_address_is_a_503()
    {
        await using var gateway = await GatewayUnderTest.Start(new() { ["services:billing:http:0"] = null });
        await (await gateway.Http(Ops).GetAsync("/api/v1/ledger")).Problem(503, "GTW-0002");
    }

    [Fact]
    public async Task A_service_that_does_not_answer_in_time_is_a_504()
    {
        await using var gateway = await GatewayUnderTest.Start(new() { ["Gateway:Silence"] = "00:00:00.3" });
        gateway["billing"].Answer = context => Never(context.RequestAborted);
        await (await gateway.Http(Ops).GetAsync("/api/v1/ledger")).Problem(504, "GTW-0003");
    }

    [Fact]
    public async Task A_service_that_breaks_off_before_it_answers_is_a_502()
    {
        await using var gateway = await GatewayUnderTest.Start();
        gateway["billing"].Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await (await gateway.Http(Ops).GetAsync("/api/v1/ledger")).Problem(502, "GTW-0001");
        gateway["billing"].Requests.ShouldBe(1, "a request that was sent is never repeated by the gateway");
    }

    [Fact]
    public async Task A_service_that_dies_amid_an_upload_is_a_502_and_never_the_callers_fault()
    {
        await using var gateway = await GatewayUnderTest.Start();
        gateway["intake"].Answer = async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[1 << 16]);
            context.Abort();
        };
        // Which end notices first is a matter of microseconds.
        for (var i = 0; i < 20; i++)
        {
            await Upload(gateway);
        }
    }

    private static async Task Upload(GatewayUnderTest gateway)
    {
        using var caller = new TcpClient();
        await caller.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        var stream = caller.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/cases/1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestTokens.Patient(Guid.CreateVersion7())}\r\n"
                + "Content-Type: application/pdf\r\nContent-Length: 100000000\r\n\r\n"));

        await stream.WriteAsync(new byte[1 << 17]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new byte[4096];
        var length = await stream.ReadAtLeastAsync(answer, 300, throwOnEndOfStream: false, limit.Token);

        var said = Encoding.UTF8.GetString(answer, 0, length);
        said.ShouldStartWith("HTTP/1.1 502");
        said.ShouldContain("GTW-0001");
    }

    [Fact]
    public async Task A_service_that_breaks_off_in_its_answer_leaves_no_answer_that_looks_whole()
    {
        await using var gateway = await GatewayUnderTest.Start();
        var headersSeen = new TaskCompletionSource();
        gateway["billing"].Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"half":""");
            await context.Response.Body.FlushAsync();
            await headersSeen.Task;
            context.Abort();
        };
        using var response = await gateway.Http(Ops).GetAsync("/api/v1/ledger", HttpCompletionOption.ResponseHeadersRead);
        headersSeen.SetResult();
        await Should.ThrowAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_services_own_refusal_passes_unchanged()
    {
        await using var gateway = await GatewayUnderTest.Start();
        gateway["billing"].Answer = context =>
        {
            context.Response.StatusCode = 409;
            context.Response.Headers.RetryAfter = "7";
            return context.Response.WriteAsJsonAsync(new { code = "BIL-0001" }, (System.Text.Json.JsonSerializerOptions?)null, "application/problem+json");
        };
        var response = await gateway.Http(Ops).GetAsync("/api/v1/ledger");
        response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        response.Header("Retry-After").ShouldBe("7");
        (await response.Content.ReadAsStringAsync()).ShouldBe("""{"code":"BIL-0001"}""");
    }

    [Fact]
    public async Task A_restart_is_a_pause_and_not_an_error_and_the_body_arrives_once()
    {
        await using var gateway = await GatewayUnderTest.Start(new() { ["Gateway:Patience"] = "00:00:20" });
        await gateway["intake"].Down();
        var patient = gateway.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var asked = patient.PostAsJsonAsync("/api/v1/cases", new { pathology = "endometriose" });
        using var document = new ByteArrayContent(new byte[3 << 20]);
        var uploaded = patient.PostAsync("/api/v1/cases/1/documents", document);
        await Eventually.True(() => Refused(gateway["intake"]), "the port of the stopped service refuses");
        asked.IsCompleted.ShouldBeFalse();
        await gateway["intake"].Up();
        (await (await asked).Echo()).BodyLength.ShouldBeGreaterThan(10);
        (await (await uploaded).Echo()).BodyLength.ShouldBe(3 << 20);
        gateway["intake"].Requests.ShouldBe(2);
    }

    [Fact]
    public async Task With_one_of_two_replicas_dead_no_request_fails()
    {
        await using var second = await Upstream.Start("billing");
        await using var gateway = await GatewayUnderTest.Start(new() { ["Gateway:Patience"] = "00:00:05" }, alsoAt: ("billing", second.Address));
        await second.Down();
        var http = gateway.Http(Ops);
        for (var i = 0; i < 40; i++)
        {
            (await http.PostAsJsonAsync("/api/v1/ledger", new { i })).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        gateway["billing"].Requests.ShouldBe(40);
    }

    [Fact]
    public async Task A_problem_of_the_gateway_is_french_unless_english_is_asked_for()
    {
        await using var gateway = await GatewayUnderTest.Start();
        await gateway["billing"].Down();
        var http = gateway.Http(Ops);
        (await (await http.GetAsync("/api/v1/ledger")).Problem(503, "GTW-0002")).GetProperty("title").GetString()
            .ShouldBe("Une partie du service est indisponible pour un instant");
        http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
        (await (await http.GetAsync("/api/v1/ledger")).Problem(503, "GTW-0002")).GetProperty("title").GetString()
            .ShouldBe("A part of the service is away for a moment");
    }

    private static async Task Never(CancellationToken cancel)
    {
        var never = new TaskCompletionSource();
        await using var registration = cancel.Register(() => never.TrySetResult());
        await never.Task;
    }

    private static async Task<bool> Refused(Upstream upstream)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, upstream.Port);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
