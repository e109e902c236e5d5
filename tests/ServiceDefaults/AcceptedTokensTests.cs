using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What is remembered of a good token opens nothing for longer than it should.</summary>
public sealed class AcceptedTokensTests
{
    private static readonly AuthenticationScheme Bearer = new(JwtBearerDefaults.AuthenticationScheme, null, typeof(JwtBearerHandler));
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_token_is_recognised_for_a_minute_and_then_checked_again()
    {
        var tokens = await Knowing(lifetime: TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromSeconds(59));
        (await Recognised(tokens)).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        (await Recognised(tokens)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_token_is_never_recognised_past_its_expiry()
    {
        var tokens = await Knowing(lifetime: TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(9));
        (await Recognised(tokens)).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        (await Recognised(tokens)).ShouldBeFalse();
    }

    private async Task<AcceptedTokens> Knowing(TimeSpan lifetime)
    {
        var tokens = new AcceptedTokens(_time);
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            NotBefore = _time.GetUtcNow().UtcDateTime,
            Expires = (_time.GetUtcNow() + lifetime).UtcDateTime,
        });
        await tokens.Keep(new TokenValidatedContext(Request(), Bearer, new JwtBearerOptions())
        {
            Principal = new ClaimsPrincipal(new ClaimsIdentity("test")),
            SecurityToken = new JsonWebToken(token),
        });
        return tokens;
    }

    private static async Task<bool> Recognised(AcceptedTokens tokens)
    {
        var context = new MessageReceivedContext(Request(), Bearer, new JwtBearerOptions());
        await tokens.Recognise(context);
        return context.Result?.Succeeded == true && context.Principal!.Identity!.AuthenticationType == "test";
    }

    private static DefaultHttpContext Request() => new() { Request = { Headers = { Authorization = "Bearer of-the-caller" } } };
}
