using System.Net;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Keys that change, an issuer that is away, and what it revokes, at a service that is never restarted.</summary>
public sealed class IssuerTests
{
    private const string Thing = "/api/v1/things/00000000-0000-7000-8000-000000000001";

    [Fact]
    public async Task A_new_key_is_accepted_at_its_first_token_and_the_old_one_as_long_as_it_is_published()
    {
        await using var issuer = await TestIssuer.Start();
        await using var probe = await ServiceUnderTest<Program>.Start("probe", issuer.Settings);
        var old = Patient(issuer);
        (await Status(probe, old)).ShouldBe(HttpStatusCode.OK);

        issuer.Rotate();

        (await Status(probe, Patient(issuer))).ShouldBe(HttpStatusCode.OK);
        (await Status(probe, old)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task While_the_issuer_was_never_reached_callers_are_told_to_come_back_and_afterwards_its_absence_is_not_noticed()
    {
        await using var issuer = await TestIssuer.Start();
        issuer.IsUp = false;
        await using var probe = await ServiceUnderTest<Program>.Start("probe", issuer.Settings);
        using var away = await probe.Http(Patient(issuer)).GetAsync(Thing);
        away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await away.Code()).ShouldBe("REQ-0015");
        away.Headers.RetryAfter.ShouldNotBeNull();

        issuer.IsUp = true;
        await Eventually.True(async () => await Status(probe, Patient(issuer)) == HttpStatusCode.OK, "the issuer is found");

        issuer.IsUp = false;
        (await Status(probe, Patient(issuer))).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("session", "sid", "s1")]
    [InlineData("client", "client_id", "partner-1")]
    [InlineData("client", "azp", "partner-1")]
    [InlineData("subject", "sub", "somebody")]
    public async Task What_is_revoked_is_refused_within_a_minute_also_where_the_token_was_accepted_before(string kind, string claim, string id)
    {
        await using var issuer = await TestIssuer.Start(lists: true);
        await using var probe = await ServiceUnderTest<Program>.Start("probe", issuer.Settings);
        var token = Token(id);
        var other = Token("another");
        (await Status(probe, token)).ShouldBe(HttpStatusCode.OK);

        issuer.Revoke(kind, id, TimeProvider.System.GetUtcNow());

        await Eventually.True(async () => await Status(probe, token) == HttpStatusCode.Unauthorized, "the revocation is known", TimeSpan.FromSeconds(60));
        using var answer = await probe.Http(token).GetAsync(Thing);
        (await answer.Code()).ShouldBe("TOK-0005");
        (await Status(probe, other)).ShouldBe(HttpStatusCode.OK);

        string Token(string value) => issuer.Token(new Dictionary<string, object> { ["role"] = "patient", ["sub"] = "x", [claim] = value });
    }

    [Fact]
    public async Task While_the_list_cannot_be_had_only_young_tokens_are_good()
    {
        await using var issuer = await TestIssuer.Start(lists: true);
        issuer.ListIsUp = false;
        await using var probe = await ServiceUnderTest<Program>.Start("probe", issuer.Settings);

        (await Status(probe, Patient(issuer))).ShouldBe(HttpStatusCode.OK);
        (await Status(probe, issuer.Token(Claims, d => d.IssuedAt = d.NotBefore = d.IssuedAt!.Value.AddMinutes(-6)))).ShouldBe(
            HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task An_issuer_without_a_list_may_give_short_tokens_only()
    {
        await using var issuer = await TestIssuer.Start();
        await using var probe = await ServiceUnderTest<Program>.Start(
            "probe", new Dictionary<string, string?>(issuer.Settings) { ["Identity:LongestToken"] = "00:00:50" });
        using var answer = await probe.Http(Patient(issuer)).GetAsync(Thing);
        (await answer.Code()).ShouldBe("TOK-0006");
        (await Status(probe, issuer.Token(Claims, d => d.Expires = d.IssuedAt!.Value.AddSeconds(50)))).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("Identity:Authority", null, "Identity:Authority is not set")]
    [InlineData("Identity:Authority", "http://issuer.example", "https")]
    [InlineData("Identity:ClockSkew", "00:02:00", "ClockSkew")]
    [InlineData("Authentication:Schemes:Bearer:SigningKeys:0:Value", "c2VjcmV0", "no key")]
    public async Task A_setting_that_would_let_somebody_in_stops_the_start(string setting, string? value, string said)
    {
        var refused = await Should.ThrowAsync<InvalidOperationException>(async () =>
        {
            await using var probe = await ServiceUnderTest<Program>.Start("probe", new Dictionary<string, string?> { [setting] = value });
        });
        refused.Message.ShouldContain(said);
    }

    private static Dictionary<string, object> Claims => new() { ["role"] = "patient", ["sub"] = "00000000-0000-7000-8000-000000000009" };

    private static string Patient(TestIssuer issuer) => issuer.Token(Claims);

    /// <summary>The thing does not exist; who may look for it hears null.</summary>
    private static async Task<HttpStatusCode> Status(ServiceUnderTest<Program> probe, string token)
    {
        using var answer = await probe.Http(token).GetAsync(Thing);
        return answer.StatusCode;
    }
}
