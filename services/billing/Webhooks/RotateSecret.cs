using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Makes a new secret; for a day both sign, so that a receiver can change over without losing a post.</summary>
internal static class RotateSecret
{
    private static readonly TimeSpan Both = TimeSpan.FromDays(1);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/webhooks/{webhookId:guid}/secret", Handle)
        .AllowRoles(Roles.Partner)
        .WithName("RotateWebhookSecret")
        .WithSummary("Makes a new secret")
        .WithDescription("For 24 hours posts are signed with the former secret as well. Done twice within a day, only the last former one still signs.");

    /// <param name="webhookId">The webhook.</param>
    private static Task<Results<Once<Ok<WebhookWithSecret>>, Problem>> Handle(
        Guid webhookId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, WebhookSecrets secrets, TimeProvider time) =>
        Idempotent.Run<Guid, Ok<WebhookWithSecret>>(dataSource, http, webhookId, async db =>
        {
            var insurerId = user.InsurerId();
            if (await Webhook.Lock(db, webhookId, insurerId) is null)
            {
                return CommonProblems.Absent();
            }

            var (secret, now) = (WebhookSecrets.New(), time.GetUtcNow());
            await db.ExecuteAsync(
                """
                update webhook
                set former_secret = secret, former_key_id = key_id, former_until = @Until, secret = @Sealed, key_id = @KeyId, version = version + 1,
                  changed_by = @By, changed_at = @now
                where id = @webhookId
                """, new { webhookId, Until = now + Both, Sealed = secrets.Seal(webhookId, secret), secrets.KeyId, By = user.Subject(), now });
            return TypedResults.Ok(new WebhookWithSecret((await Webhook.Find(db, webhookId, insurerId))!, secret));
        });
}
