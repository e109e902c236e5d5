using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>What our own issuer says in its discovery document beyond the standard.</summary>
public static class IssuerMetadata
{
    /// <summary>Where the list of revocations is.</summary>
    public const string RevocationsUri = "secondopinion_revocations_uri";
}

/// <summary>Something whose tokens are not wanted any more.</summary>
/// <param name="Kind"><c>session</c>, <c>client</c> or <c>subject</c>.</param>
/// <param name="Before">Tokens issued after it are good again.</param>
public sealed record Revocation(string Kind, string Id, DateTimeOffset Before);

/// <param name="Entries">All that a token which is still valid may be hit by.</param>
public sealed record RevocationList(IReadOnlyList<Revocation> Entries);

/// <summary>
/// Sessions, clients and subjects that were ended while tokens of theirs are still valid, as the issuer last told. An issuer that tells nothing gives short
/// tokens instead.
/// </summary>
internal sealed class Revocations(IdentityOptions options, TimeProvider time)
{
    /// <summary>No token of an issuer with a list is good for longer.</summary>
    private static readonly TimeSpan LongestListed = TimeSpan.FromHours(24);

    /// <summary>The issuer's usual life of a token: one that is no older would be good whatever a list that cannot be had says.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(5);

    /// <summary>A list that is older than this tells nothing of what is older than <see cref="Young"/>.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(1);

    private FrozenDictionary<(string Kind, string Id), DateTimeOffset> _ended = FrozenDictionary<(string, string), DateTimeOffset>.Empty;
    private long? _heardAt;

    public static string? Address(OpenIdConnectConfiguration issuer) => issuer.AdditionalData.TryGetValue(IssuerMetadata.RevocationsUri, out var address)
        ? address as string : null;

    public void Hear(RevocationList list)
    {
        _ended = list.Entries.GroupBy(e => (e.Kind, e.Id)).ToFrozenDictionary(e => e.Key, e => e.Max(one => one.Before));
        _heardAt = time.GetTimestamp();
    }

    /// <returns>Why the token is not accepted; null when it is.</returns>
    public Problem? Judge(TokenFacts token, bool isListed)
    {
        var longest = isListed ? LongestListed : options.LongestToken;
        if (token.Expires - token.IssuedAt > longest)
        {
            return TokenProblems.LivesTooLong(longest);
        }

        if (!isListed)
        {
            return null;
        }

        if (HasEnded("session", token.Session, token) || HasEnded("client", token.Client, token) || HasEnded("subject", token.Subject, token))
        {
            return TokenProblems.HasEnded();
        }

        var isStale = _heardAt is not { } at || time.GetElapsedTime(at) > Stale;
        return isStale && time.GetUtcNow() - token.IssuedAt > Young ? TokenProblems.CannotBeJudged() : null;
    }

    private bool HasEnded(string kind, string? id, TokenFacts token) => id is not null && _ended.TryGetValue((kind, id), out var before)
        && token.IssuedAt <= before;
}

/// <summary>Asks the issuer every ten seconds what was revoked.</summary>
internal sealed class ReadRevocations(Issuer issuer, Revocations revocations, ServiceTokens tokens, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    /// <summary>The audience of the list, and the scope that a service asks for to read it.</summary>
    public const string Audience = "identity";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!await issuer.WasReached(cancel))
        {
            // It may come up after this service. Who is kept waiting by it hears of it, and Issuer writes it down.
            return Next.After(Retry);
        }

        if (Revocations.Address(await issuer.GetConfigurationAsync(cancel)) is { } address)
        {
            using var question = new HttpRequestMessage(HttpMethod.Get, address);
            question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokens.For(Audience, cancel));
            using var answer = await issuer.Http.SendAsync(question, cancel);
            if (answer.StatusCode == System.Net.HttpStatusCode.Unauthorized)
            {
                tokens.Forget(Audience);
            }

            answer.EnsureSuccessStatusCode();
            revocations.Hear((await answer.Content.ReadFromJsonAsync<RevocationList>(cancel))!);
        }

        return Next.After(Interval);
    }
}
