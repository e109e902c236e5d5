using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>One question over all services to: what was given up? And one way to bring it back.</summary>
public sealed class DeadLetterTests
{
    [Fact]
    public async Task Every_service_is_asked_and_one_that_does_not_answer_is_named()
    {
        await using var gateway = await GatewayUnderTest.Start();
        foreach (var service in (string[])["billing", "intake", "matching", "physician"])
        {
            Says(gateway[service], "GET /dead-letters", new MessagingState(2, 1.5, 0, [new QueueState($"{service}-hears", 4, 1)]));
        }

        await gateway["reporting"].Down();
        using var ops = gateway.Http(TestTokens.Of(Roles.Ops));

        var overview = await ops.GetFromJsonAsync<JsonElement>("/api/v1/dead-letters");

        overview.GetProperty("unanswered").EnumerateArray().Select(s => s.GetString()).ShouldBe(["reporting"]);
        overview.GetProperty("services").EnumerateObject().Count().ShouldBe(4);
        overview.GetProperty("services").GetProperty("intake").GetProperty("queues")[0].GetProperty("dead").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task A_queue_is_redriven_by_its_service_alone_and_a_message_by_all()
    {
        await using var gateway = await GatewayUnderTest.Start();
        var asked = new System.Collections.Concurrent.ConcurrentBag<string>();
        var letter = new DeadLetter("intake-hears", Guid.CreateVersion7(), "intake:case-opened:v1", DateTimeOffset.UnixEpoch, "delivery_limit");
        foreach (var service in (string[])["billing", "intake", "matching", "physician", "reporting"])
        {
            var moved = service == "intake" ? new[] { letter } : [];
            Says(gateway[service], "POST /dead-letters/redrive", new RedriveAnswer(moved, 0), () => asked.Add(service));
        }

        using var ops = gateway.Http(TestTokens.Of(Roles.Ops));
        using var one = await ops.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { queue = "intake-hears" });
        (await one.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("moved")[0].GetProperty("messageId").GetGuid().ShouldBe(letter.MessageId!.Value);
        asked.ShouldBe(["intake"]);

        using var all = await ops.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { messageId = letter.MessageId });
        (await all.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("moved").GetArrayLength().ShouldBe(1);
        asked.Count.ShouldBe(6);

        (await ops.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ops.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { queue = "nobody-s" })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        asked.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_queue_that_its_service_does_not_have_is_a_mistake_and_no_service_that_is_away()
    {
        await using var gateway = await GatewayUnderTest.Start();
        Says(gateway["intake"], "GET /dead-letters", new MessagingState(0, 0, 0, [new QueueState("intake-hears", 0, 1)]));
        using var ops = gateway.Http(TestTokens.Of(Roles.Ops));

        using var answer = await ops.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { queue = "intake-heers" });

        await answer.Problem(400, "REQ-0002");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("unknown_queue");
    }

    [Fact]
    public async Task Only_ops_may_ask_and_bring_back()
    {
        await using var gateway = await GatewayUnderTest.Start();
        foreach (var role in Roles.All.Where(r => r != Roles.Ops))
        {
            using var http = gateway.Http(TestTokens.Of(role));
            await (await http.GetAsync("/api/v1/dead-letters")).Problem(403, "REQ-0004");
            await (await http.GetAsync("/api/v1/dead-letters/intake-hears")).Problem(403, "REQ-0004");
            await (await http.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { queue = "intake-hears" })).Problem(403, "REQ-0004");
        }

        await (await gateway.Http().GetAsync("/api/v1/dead-letters")).Problem(401, "REQ-0003");
    }

    private static void Says<T>(Upstream service, string question, T answer, Action? asked = null) => service.Answer = async context =>
    {
        $"{context.Request.Method} {context.Request.Path}".ShouldBe(question);
        context.Request.Headers.Authorization.ToString().ShouldStartWith("Bearer ");
        asked?.Invoke();
        await context.Response.WriteAsJsonAsync(answer);
    };
}
