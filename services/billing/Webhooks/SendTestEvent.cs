using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Posts an event without content to one address, the way of all others.</summary>
internal static class SendTestEvent
{
    public static void Map(RouteGroupBuilder api) => api.MapPost("/webhooks/{webhookId:guid}/test", Handle)
        .AllowRoles(Roles.Partner)
        .WithName("TestWebhook")
        .WithSummary("Posts an event of type webhook.test")
        .WithDescription("It comes within seconds, signed and repeated as any other; ListDeliveries tells what became of it.");

    /// <param name="webhookId">The webhook.</param>
    /// <returns>It is on its way.</returns>
    private static Task<Results<Once<NoContent>, Problem>> Handle(
        Guid webhookId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        Idempotent.Run<Guid, NoContent>(dataSource, http, webhookId, async db =>
        {
            var insurerId = user.InsurerId();
            if (await Webhook.Lock(db, webhookId, insurerId) is null)
            {
                return CommonProblems.Absent();
            }

            await PartnerEvent.Write(db, insurerId, PartnerEventType.WebhookTest, webhookId, new(), time.GetUtcNow(), onlyFor: webhookId);
            return TypedResults.NoContent();
        });
}
