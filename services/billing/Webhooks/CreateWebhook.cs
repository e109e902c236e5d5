using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Takes an address to which an insurer's events are posted from now on.</summary>
internal static class CreateWebhook
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/webhooks", Handle)
        .AllowRoles(Roles.Partner)
        .Refuses(CommonProblems.NotFound, Problems.TooManyWebhooks)
        .WithName("CreateWebhook")
        .WithSummary("Adds an address to which events are posted")
        .WithDescription(
            "Posts follow Standard Webhooks: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, to be verified with the secret in this "
            + "answer, which is not told again. Answer 2xx within ten seconds; anything else is tried again over three days, and later events of the same "
            + "subject wait. An event may come twice: its id says so. TestWebhook sends one at once.");

    private static async Task<Results<Once<Created<WebhookWithSecret>>, Problem>> Handle(
        WebhookRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, WebhookSecrets secrets, WebhookOptions options,
        TimeProvider time) =>
        request.Fault(options) is { } fault
            ? fault
            : await Idempotent.Run<WebhookRequest, Created<WebhookWithSecret>>(dataSource, http, request, async db =>
            {
                var insurerId = user.InsurerId();
                // The insurer's row orders those who add.
                if (await db.ExecuteScalarAsync<Guid?>("select id from insurer where id = @insurerId for update", new { insurerId }) is null)
                {
                    return CommonProblems.Absent();
                }

                if (await db.ExecuteScalarAsync<long>("select count(*) from webhook where insurer_id = @insurerId", new { insurerId }) >= Webhook.Most)
                {
                    return Problems.WebhooksFull();
                }

                var (id, secret) = (Guid.CreateVersion7(), WebhookSecrets.New());
                await db.ExecuteAsync(
                    """
                    insert into webhook (id, insurer_id, url, types, state, version, secret, key_id, failures, changed_by, created_at, changed_at)
                    values (@id, @insurerId, @Url, @Types, @State, 1, @Sealed, @KeyId, 0, @By, @Now, @Now)
                    """,
                    new
                    {
                        id,
                        insurerId,
                        request.Url,
                        Types = request.Types?.Distinct().ToArray() ?? [],
                        request.State,
                        Sealed = secrets.Seal(id, secret),
                        secrets.KeyId,
                        By = user.Subject(),
                        Now = time.GetUtcNow(),
                    });
                return TypedResults.Created($"/api/v1/webhooks/{id}", new WebhookWithSecret((await Webhook.Find(db, id, insurerId))!, secret));
            });
}
