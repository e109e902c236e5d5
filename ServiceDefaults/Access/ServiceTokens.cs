using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Serialization;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// The tokens with which this service calls others: one for each audience, asked of the issuer by client credentials (<c>scope</c> is the callee's name) at
/// first need and again, beside the calls, a minute before its end. Nothing is asked at the start: the issuer may come up later.
/// </summary>
internal sealed class ServiceTokens(Issuer issuer, IdentityOptions options, ServiceName service, TimeProvider time)
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Kept> _kept = new();

    /// <exception cref="HttpRequestException">The issuer is away or refuses this service, and no token that is still good is kept: to the caller the callee is
    /// away.</exception>
    public async ValueTask<string> For(string audience, CancellationToken cancel)
    {
        var kept = _kept.GetOrAdd(audience, _ => new Kept());
        var now = time.GetUtcNow();
        if (kept.Token is { } token && now < token.Expires)
        {
            if (now >= token.RenewAt && kept.OneAsks.Wait(0, CancellationToken.None))
            {
                _ = Renew(audience, kept);
            }

            return token.Value;
        }

        await kept.OneAsks.WaitAsync(cancel);
        try
        {
            // Somebody else may have asked meanwhile.
            return kept.Token is { } fresh && time.GetUtcNow() < fresh.Expires ? fresh.Value : (kept.Token = await Ask(audience, cancel)).Value;
        }
        finally
        {
            kept.OneAsks.Release();
        }
    }

    /// <summary>The callee did not take it: the next call asks for another one.</summary>
    public void Forget(string audience) => _kept.TryRemove(audience, out _);

    private async Task Renew(string audience, Kept kept)
    {
        try
        {
            kept.Token = await Ask(audience, CancellationToken.None);
        }
        catch (HttpRequestException) when (kept.Token is { } old)
        {
            // The old one is good for a while: tried again in some seconds, and without one the callers hear of it.
            kept.Token = old with { RenewAt = time.GetUtcNow() + TimeSpan.FromSeconds(5) };
        }
        finally
        {
            kept.OneAsks.Release();
        }
    }

    private async Task<Token> Ask(string audience, CancellationToken cancel)
    {
        var secret = options.ClientSecret ?? throw new InvalidOperationException(
            "Identity:ClientSecret is not set: this service cannot ask for a token to call others with. AppHost sets it for local runs.");
        try
        {
            var endpoint = (await issuer.GetConfigurationAsync(cancel)).TokenEndpoint;
            var asked = time.GetUtcNow();
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = options.ClientId ?? service.Value,
                ["client_secret"] = secret,
                ["scope"] = audience,
            });
            using var answer = await issuer.Http.PostAsync(endpoint, form, cancel);
            answer.EnsureSuccessStatusCode();
            var given = (await answer.Content.ReadFromJsonAsync<Answer>(cancel))!;
            var life = TimeSpan.FromSeconds(given.ExpiresIn);
            // A token that is about to end may end on its way.
            return new Token(given.AccessToken, asked + life - (life > RenewBefore * 2 ? RenewBefore : life / 2), asked + life - life / 10);
        }
        catch (Exception exception) when (
            exception is IssuerAwayException or System.Text.Json.JsonException or TaskCanceledException { InnerException: TimeoutException })
        {
            throw Away(audience, exception);
        }
        catch (HttpRequestException exception)
        {
            throw Away(audience, exception);
        }
    }

    /// <summary>Like a connection that never came about: the call was not sent and may be tried again.</summary>
    private static HttpRequestException Away(string audience, Exception cause) =>
        new(HttpRequestError.ConnectionError, $"No token to call {audience} with: {cause.Message}", cause);

    private sealed record Answer([property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("expires_in")] int ExpiresIn);

    private sealed record Token(string Value, DateTimeOffset RenewAt, DateTimeOffset Expires);

    private sealed class Kept : IDisposable
    {
        public readonly SemaphoreSlim OneAsks = new(1, 1);
        public volatile Token? Token;

        public void Dispose() => OneAsks.Dispose();
    }
}
