using System.Security.Claims;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What is remembered of a good token opens nothing for longer than it should.</summary>
public sealed class AcceptedTokensTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_token_is_recognised_for_a_minute_and_then_checked_again()
    {
        var tokens = Knowing(lifetime: TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromSeconds(59));
        tokens.Find("of-the-caller").ShouldNotBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));
        tokens.Find("of-the-caller").ShouldBeNull();
    }

    [Fact]
    public void A_token_is_never_recognised_past_its_expiry()
    {
        var tokens = Knowing(lifetime: TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(9));
        tokens.Find("of-the-caller").ShouldNotBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));
        tokens.Find("of-the-caller").ShouldBeNull();
    }

    private AcceptedTokens Knowing(TimeSpan lifetime)
    {
        var tokens = new AcceptedTokens(_time);
        var now = _time.GetUtcNow();
        tokens.Keep("of-the-caller", new ClaimsPrincipal(new ClaimsIdentity("test")), new TokenFacts(null, null, "x", now, now + lifetime), isListed: false);
        return tokens;
    }
}
