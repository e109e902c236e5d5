using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// Tokens whose signature and claims were found good a moment ago: services send the same one with thousands of calls, and checking it costs more than many of
/// them. Kept for a minute at most and never past its expiry, so a signing key that is taken away stops working within that minute.
/// </summary>
internal sealed class AcceptedTokens(TimeProvider time)
{
    private const int MaxKept = 10_000;
    private const string Scheme = "Bearer ";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Accepted> _kept = new();

    public Task Recognise(MessageReceivedContext context)
    {
        if (Header(context.Request.Headers.Authorization) is { } header && _kept.TryGetValue(header, out var accepted))
        {
            if (time.GetUtcNow() < accepted.Until)
            {
                context.Principal = accepted.Principal;
                context.Success();
            }
            else
            {
                _kept.TryRemove(header, out _);
            }
        }

        return Task.CompletedTask;
    }

    public Task Keep(TokenValidatedContext context)
    {
        if (Header(context.Request.Headers.Authorization) is { } header && context.Principal is { } principal)
        {
            if (_kept.Count >= MaxKept)
            {
                _kept.Clear();
            }

            var now = time.GetUtcNow();
            var expiry = new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero);
            _kept[header] = new Accepted(principal, expiry < now + Life ? expiry : now + Life);
        }

        return Task.CompletedTask;
    }

    private static string? Header(string? value) => value is not null && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value : null;

    private sealed record Accepted(ClaimsPrincipal Principal, DateTimeOffset Until);
}
