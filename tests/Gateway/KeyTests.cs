using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>One answer over all services to: may this key leave?</summary>
public sealed class KeyTests
{
    [Fact]
    public async Task A_version_stays_while_any_service_needs_it_or_cannot_be_asked()
    {
        await using var gateway = await GatewayUnderTest.Start();
        Says(gateway["billing"]);
        Says(gateway["matching"]);
        Says(gateway["reporting"]);
        Says(gateway["intake"], new KeyVersionUse("cases", "k1", false, true, 0), new KeyVersionUse("cases", "k2", true, true, 12));
        Says(gateway["physician"], new KeyVersionUse("cases", "k1", false, true, 3), new KeyVersionUse("cases", "k2", true, true, 9));
        (await CanLeave(gateway)).ShouldBe(["k1 False", "k2 False"]);

        Says(gateway["physician"], new KeyVersionUse("cases", "k1", false, true, 0), new KeyVersionUse("cases", "k2", true, true, 12));
        (await CanLeave(gateway)).ShouldBe(["k1 True", "k2 False"]);

        await gateway["billing"].Down();
        (await CanLeave(gateway)).ShouldBe(["k1 False", "k2 False"]);
        (await Report(gateway)).GetProperty("unanswered")[0].GetString().ShouldBe("billing");
    }

    [Fact]
    public async Task Only_ops_may_ask()
    {
        await using var gateway = await GatewayUnderTest.Start();
        foreach (var role in Roles.All.Where(r => r != Roles.Ops))
        {
            await (await gateway.Http(TestTokens.Of(role)).GetAsync("/api/v1/keys")).Problem(403, "REQ-0004");
        }

        await (await gateway.Http().GetAsync("/api/v1/keys")).Problem(401, "REQ-0003");
    }

    private static void Says(Upstream service, params KeyVersionUse[] uses) => service.Answer = async context =>
    {
        context.Request.Path.Value.ShouldBe("/keys");
        context.Request.Headers.Authorization.ToString().ShouldStartWith("Bearer ");
        await Microsoft.AspNetCore.Http.HttpResponseJsonExtensions.WriteAsJsonAsync(context.Response, uses);
    };

    private static async Task<JsonElement> Report(GatewayUnderTest gateway) =>
        await gateway.Http(TestTokens.Of(Roles.Ops)).GetFromJsonAsync<JsonElement>("/api/v1/keys");

    private static async Task<string[]> CanLeave(GatewayUnderTest gateway) =>
        [.. (await Report(gateway)).GetProperty("versions").EnumerateArray()
            .Select(v => $"{v.GetProperty("version").GetString()} {v.GetProperty("canLeave").GetBoolean()}")];
}
