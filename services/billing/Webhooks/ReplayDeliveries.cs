using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Sends again what was given up: with its first id, and before what waits of the same subject.</summary>
internal static class ReplayDeliveries
{
    private const int MostIds = 1000;

    /// <summary>What is sent again.</summary>
    /// <param name="DeliveryIds">Of ListDeliveries; all that are dead when left out. Those that are not dead are left as they are.</param>
    internal sealed record ReplayRequest([property: Length(1, MostIds)] IReadOnlyList<Guid>? DeliveryIds = null);

    /// <summary>What will be sent again.</summary>
    /// <param name="Deliveries">How many.</param>
    internal sealed record DeliveriesReplayed(int Deliveries);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/webhooks/{webhookId:guid}/replay", Handle)
        .AllowRoles(Roles.Partner)
        .Refuses(Problems.WebhookStopped)
        .WithName("ReplayDeliveries")
        .WithSummary("Sends dead deliveries again")
        .WithDescription("Each gets its three days anew. A stopped address is first taken up by ChangeWebhook.");

    /// <param name="webhookId">The webhook.</param>
    private static async Task<Results<Once<Ok<DeliveriesReplayed>>, Problem>> Handle(
        Guid webhookId, ReplayRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        request.DeliveryIds is { Count: 0 or > MostIds }
            ? CommonProblems.Invalid(new FieldError("#/deliveryIds", "invalid_length", $"Indiquez 1 à {MostIds} envois, ou aucun pour tous."))
            : await Idempotent.Run<ReplayRequest, Ok<DeliveriesReplayed>>(dataSource, http, request, async db =>
            {
                if (await Webhook.Lock(db, webhookId, user.InsurerId()) is null)
                {
                    return CommonProblems.Absent();
                }

                if ((await Webhook.Find(db, webhookId, user.InsurerId()))!.State == WebhookState.Stopped.Word())
                {
                    return Problems.TakeUpFirst();
                }

                return TypedResults.Ok(new DeliveriesReplayed(await db.ExecuteAsync(
                    """
                    update webhook_delivery
                    set state = 'pending', attempts = 0, next_attempt_at = @Now, settled_at = null
                    where webhook_id = @webhookId and state = 'dead' and (@Ids::uuid[] is null or id = any(@Ids))
                    """, new { webhookId, Ids = request.DeliveryIds?.ToArray(), Now = time.GetUtcNow() })));
            });
}
