using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Idempotency;

/// <summary>
/// Runs a POST's effect once per <c>Idempotency-Key</c>, caller and path (draft-ietf-httpapi-idempotency-key-header; kept 24 h): the key and the effect
/// commit together. Missing key 400, another body 422, still running 409 with Retry-After, the same again → the stored answer.
/// Only successes are stored, sealed (<see cref="KeptSecret"/>): a refusal leaves nothing and can be tried again.
/// </summary>
public static class Idempotent
{
    /// <summary>One resource has one path, however it is written: its id in capitals, without dashes, in braces; a slash at the end.</summary>
    private static string Identity(PathString path) => string.Join(
        '/', path.Value!.TrimEnd('/').Split('/').Select(part => Guid.TryParse(part, out var id) ? id.ToString() : part.ToLowerInvariant()));

    /// <param name="dataSource">The service's database.</param>
    /// <param name="http">The request; its header, caller and path scope the key.</param>
    /// <param name="request">What was asked; its JSON is compared with that of the key's first use. For an upload, its length and hash.</param>
    /// <param name="effect">Changes the state on the open transaction and says the answer; no HTTP or gRPC call inside.</param>
    public static async Task<Results<Once<T>, Problem>> Run<TRequest, T>(
        NpgsqlDataSource dataSource, HttpContext http, TRequest request, Func<NpgsqlConnection, Task<Results<T, Problem>>> effect)
        where T : IResult, IEndpointMetadataProvider
    {
        if (IdempotencyKey.Of(http.Request) is not { } key)
        {
            return IdempotencyKey.Missing();
        }

        var tenant = $"{http.User.Role()}:{http.User.Subject()}";
        var route = $"{http.Request.Method} {Identity(http.Request.Path)}";
        var json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var secret = new KeptSecret(tenant, route, key);
        var mark = secret.Mark(JsonSerializer.SerializeToUtf8Bytes(request, json));

        return await dataSource.InTransaction<Results<Once<T>, Problem>>(async db =>
        {
            var lockKey = BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{route}\n{key}")));
            var (free, stored) = await Find(db, lockKey, tenant, route, secret.Id);
            if (!free)
            {
                return CommonProblems.IdempotencyInFlight.Because(
                    "The first request with this key has not ended. Repeat it after Retry-After.",
                    "La première demande avec cette clé n'est pas terminée. Réessayez après Retry-After.").RetryAfter(1);
            }

            if (stored is not null)
            {
                return stored.RequestSha256 == mark
                    ? new Once<T>(stored.Status, stored.Location, stored.Etag, secret.Open(stored.Body), replayed: true)
                    : CommonProblems.IdempotencyKeyReused.Because(
                        "Use a new key for a new request; this one belongs to another body.",
                        "Prenez une nouvelle clé pour une nouvelle demande ; celle-ci correspond à un autre contenu.");
            }

            var result = (await effect(db)).Result;
            if (result is Problem problem)
            {
                return problem;
            }

            var once = await Describe(result, http);
            await db.ExecuteAsync(
                """
                insert into idempotency (tenant, route, key, request_sha256, status, location, etag, body)
                values (@tenant, @route, @Id, @mark, @Status, @Location, @Etag, @Body)
                -- Only an answer that is past its 24 hours and not pruned yet can be in the way: a fresh one would have been found, under the lock.
                on conflict (tenant, route, key) do update
                set request_sha256 = excluded.request_sha256, status = excluded.status, location = excluded.location, etag = excluded.etag,
                    body = excluded.body, created_at = now()
                """,
                new { tenant, route, secret.Id, mark, once.Status, once.Location, once.Etag, Body = secret.Seal(once.Body) });
            return new Once<T>(once.Status, once.Location, once.Etag, once.Body, replayed: false);
        }, http.RequestAborted);
    }

    private static async Task<(bool Free, Stored? Stored)> Find(NpgsqlConnection db, long lockKey, string tenant, string route, string id)
    {
        // Two statements, so that the second one's snapshot is taken once the lock is ours.
        var free = await db.ExecuteScalarAsync<bool>("select pg_try_advisory_xact_lock(@lockKey)", new { lockKey });
        return !free
            ? (false, null)
            : (true, await db.QuerySingleOrDefaultAsync<Stored>(
                """
                select request_sha256, status, location, etag, body
                from idempotency
                where tenant = @tenant and route = @route and key = @id and created_at > now() - interval '24 hours'
                """,
                new { tenant, route, id }));
    }

    /// <summary>What would be sent, from the result itself: whatever kind of success it is, it knows its status, its Location and its JSON.</summary>
    private static async Task<Stored> Describe(IResult result, HttpContext http)
    {
        using var body = new MemoryStream();
        var answer = new DefaultHttpContext { RequestServices = http.RequestServices, Response = { Body = body } };
        await result.ExecuteAsync(answer);
        var location = answer.Response.Headers.Location.ToString();
        var etag = http.Response.Headers.ETag.ToString();
        return new Stored(
            "", answer.Response.StatusCode, location.Length > 0 ? location : null, etag.Length > 0 ? etag : null,
            body.Length > 0 ? Encoding.UTF8.GetString(body.ToArray()) : null);
    }

    private sealed record Stored(string RequestSha256, int Status, string? Location, string? Etag, string? Body);
}
