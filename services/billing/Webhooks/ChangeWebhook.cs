using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Changes where events go and which, pauses an address or takes it up again; or takes it away with all that waited for it.</summary>
internal static class ChangeWebhook
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/webhooks/{webhookId:guid}", Change).AllowRoles(Roles.Partner).RequiresIfMatch()
            .WithName("ChangeWebhook").WithSummary("Changes, pauses or takes up an address")
            .WithDescription("`active` also takes up an address that was stopped or left alone after failures: what waits is sent at once.");
        api.MapDelete("/webhooks/{webhookId:guid}", Delete).AllowRoles(Roles.Partner).RequiresIfMatch()
            .WithName("DeleteWebhook").WithSummary("Takes an address away")
            .WithDescription("With its log and all that was still to be delivered there; ListEvents has the events themselves.");
    }

    /// <param name="webhookId">The webhook.</param>
    private static async Task<Results<Ok<WebhookDescription>, Problem>> Change(
        Guid webhookId, WebhookRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, WebhookOptions options,
        TimeProvider time) =>
        request.Fault(options) is { } fault
            ? fault
            : await dataSource.InTransaction<Results<Ok<WebhookDescription>, Problem>>(async db =>
            {
                var insurerId = user.InsurerId();
                if (await Webhook.Lock(db, webhookId, insurerId) is not { } version)
                {
                    return CommonProblems.Absent();
                }

                if (Etags.Mismatch(http.Request, version) is { } mismatch)
                {
                    return mismatch;
                }

                await db.ExecuteAsync(
                    """
                    update webhook
                    set url = @Url, types = @Types, state = @State, version = version + 1, failures = 0, open_until = null, failing_since = null,
                      changed_by = @By, changed_at = @Now
                    where id = @webhookId
                    """,
                    new
                    {
                        webhookId,
                        request.Url,
                        Types = request.Types?.Distinct().ToArray() ?? [],
                        request.State,
                        By = user.Subject(),
                        Now = time.GetUtcNow(),
                    });
                http.Response.Headers.ETag = Etags.Of(version + 1);
                return TypedResults.Ok((await Webhook.Find(db, webhookId, insurerId))!);
            });

    /// <param name="webhookId">The webhook.</param>
    /// <returns>It is gone.</returns>
    private static Task<Results<NoContent, Problem>> Delete(Guid webhookId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource) =>
        dataSource.InTransaction<Results<NoContent, Problem>>(async db =>
        {
            if (await Webhook.Lock(db, webhookId, user.InsurerId()) is not { } version)
            {
                return CommonProblems.Absent();
            }

            if (Etags.Mismatch(http.Request, version) is { } mismatch)
            {
                return mismatch;
            }

            await db.ExecuteAsync("delete from webhook where id = @webhookId", new { webhookId });
            return TypedResults.NoContent();
        });
}
