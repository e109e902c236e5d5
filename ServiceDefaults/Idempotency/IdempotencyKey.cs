using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Idempotency;

/// <summary>The one reading of <c>Idempotency-Key</c>: bare or in quotes, 1 to 255 characters, once.</summary>
public static class IdempotencyKey
{
    private const int MaxLength = 255;

    internal static readonly RequestHeader Header = new(
        "Idempotency-Key", true, "1 to 255 characters that name this one attempt, e.g. a UUID; the same again when it is retried. Kept 24 h.",
        "0199a1b2-0000-7000-8000-000000000001", MaxLength: MaxLength);

    /// <returns>The key without quotes; null when it is missing, doubled or too long.</returns>
    public static string? Of(HttpRequest request)
    {
        var values = request.Headers["Idempotency-Key"];
        var key = values.Count == 1 ? values.ToString().Trim() : "";
        if (key is ['"', .. var quoted, '"'])
        {
            key = quoted;
        }

        return key.Length is 0 or > MaxLength ? null : key;
    }

    /// <summary>
    /// Refuses a request whose endpoint needs a key and that brings none, before a byte of its body is read and before any effect: an upload is not sent in
    /// vain, and nothing happens under a key that is refused later.
    /// </summary>
    internal static void UseIdempotencyKeys(this IApplicationBuilder app) => app.Use((context, next) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RequiresIdempotencyKey>() is not null && Of(context.Request) is null
            ? Missing().ExecuteAsync(context)
            : next(context));

    internal static Problem Missing() => CommonProblems.IdempotencyKeyMissing.Because(
        "Send `Idempotency-Key` with 1 to 255 characters that name this one attempt, e.g. a UUID; repeat it when you retry.",
        "Envoyez « Idempotency-Key » (1 à 255 caractères, par exemple un UUID) ; répétez-la si vous réessayez.");
}
