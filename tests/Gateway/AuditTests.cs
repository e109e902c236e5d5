using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>One answer over all services to: has anybody touched the audit record?</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task Each_service_says_what_it_found_and_one_that_is_away_is_named()
    {
        await using var gateway = await GatewayUnderTest.Start();
        foreach (var service in (string[])["billing", "intake", "matching", "reporting"])
        {
            gateway[service].Answer = context =>
            {
                context.Request.Path.Value.ShouldBe("/audit/chain");
                return context.Response.WriteAsJsonAsync(service == "intake"
                    ? new AuditReport(4, 0, 2, "The record of link 5 was removed.", 5)
                    : new AuditReport(9, 1, 2, null, null));
            };
        }

        await gateway["physician"].Down();

        var report = await gateway.Http(TestTokens.Of(Roles.Ops)).GetFromJsonAsync<JsonElement>("/api/v1/audit/chains");

        report.GetProperty("unanswered").EnumerateArray().Select(s => s.GetString()).ShouldBe(["physician"]);
        report.GetProperty("services").GetProperty("intake").GetProperty("seq").GetInt64().ShouldBe(5);
        report.GetProperty("services").GetProperty("billing").GetProperty("links").GetInt64().ShouldBe(9);
    }

    [Fact]
    public async Task Only_ops_may_ask()
    {
        await using var gateway = await GatewayUnderTest.Start();
        foreach (var role in Roles.All.Where(r => r != Roles.Ops))
        {
            await (await gateway.Http(TestTokens.Of(role)).GetAsync("/api/v1/audit/chains")).Problem(403, "REQ-0004");
        }
    }
}
