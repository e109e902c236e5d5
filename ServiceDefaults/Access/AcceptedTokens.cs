using System.Collections.Concurrent;
using System.Security.Claims;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// Tokens whose signature and claims were found good a moment ago: services send the same one with thousands of calls, and checking it costs more than many of
/// them. Kept for a minute at most and never past its expiry; whether it was revoked is asked each time.
/// </summary>
internal sealed class AcceptedTokens(TimeProvider time)
{
    private const int MaxKept = 10_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Accepted> _kept = new();

    /// <param name="header">As it was sent, the token in it: nothing of it is copied to be looked up.</param>
    public Accepted? Find(string header)
    {
        if (!_kept.TryGetValue(header, out var accepted))
        {
            return null;
        }

        if (time.GetUtcNow() < accepted.Until)
        {
            return accepted;
        }

        _kept.TryRemove(header, out _);
        return null;
    }

    public void Keep(string header, ClaimsPrincipal principal, TokenFacts facts, bool isListed)
    {
        if (_kept.Count >= MaxKept)
        {
            _kept.Clear();
        }

        var now = time.GetUtcNow();
        _kept[header] = new Accepted(principal, facts, isListed, facts.Expires < now + Life ? facts.Expires : now + Life);
    }

    /// <param name="IsListed">Its issuer tells what it revokes.</param>
    internal sealed record Accepted(ClaimsPrincipal Principal, TokenFacts Facts, bool IsListed, DateTimeOffset Until);
}
