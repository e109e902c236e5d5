using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A service's own tokens.</summary>
public sealed class ServiceTokenTests
{
    private readonly ManualTime _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task One_token_for_each_callee_is_asked_once_however_many_call_and_again_beside_the_calls_before_its_end()
    {
        await using var issuer = await TestIssuer.Start();
        using var known = Known(issuer);
        var tokens = Tokens(issuer, known);

        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => tokens.For("billing", default).AsTask()));
        all.Distinct().Count().ShouldBe(1);
        issuer.AskedForTokens.ShouldBe(1);
        var token = new JsonWebToken(all[0]);
        token.Audiences.ShouldBe(["billing"]);
        token.GetClaim("client_id").Value.ShouldBe("intake");

        (await tokens.For("physician", default)).ShouldNotBe(all[0]);

        _time.Advance(TimeSpan.FromSeconds(241));
        (await tokens.For("billing", default)).ShouldBe(all[0], "the call does not wait for the new one");
        await Eventually.True(async () => await tokens.For("billing", default) != all[0], "the new token is used");
        issuer.AskedForTokens.ShouldBe(3);
    }

    [Fact]
    public async Task While_the_issuer_is_away_a_token_serves_to_its_end_and_then_the_callee_is_away()
    {
        await using var issuer = await TestIssuer.Start();
        using var known = Known(issuer);
        var tokens = Tokens(issuer, known);
        var token = await tokens.For("billing", default);

        issuer.IsUp = false;
        _time.Advance(TimeSpan.FromSeconds(250));
        (await tokens.For("billing", default)).ShouldBe(token);
        _time.Advance(TimeSpan.FromSeconds(50));
        (await Should.ThrowAsync<HttpRequestException>(async () => await tokens.For("billing", default))).HttpRequestError.ShouldBe(
            HttpRequestError.ConnectionError);

        issuer.IsUp = true;
        await tokens.For("billing", default);
    }

    [Fact]
    public async Task A_token_that_a_callee_did_not_take_is_asked_for_anew()
    {
        await using var issuer = await TestIssuer.Start();
        using var known = Known(issuer);
        var tokens = Tokens(issuer, known);
        await tokens.For("billing", default);

        tokens.Forget("billing");
        await tokens.For("billing", default);

        issuer.AskedForTokens.ShouldBe(2);
    }

    private static Issuer Known(TestIssuer issuer) => new(new IdentityOptions { Authority = issuer.Address }, NullLogger<Issuer>.Instance);

    private ServiceTokens Tokens(TestIssuer issuer, Issuer known) =>
        new(known, new IdentityOptions { Authority = issuer.Address, ClientSecret = "secret" }, new ServiceName("intake"), _time);
}
