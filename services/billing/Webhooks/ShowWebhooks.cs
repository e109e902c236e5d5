using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>An insurer's addresses and how they fare; ops sees all.</summary>
internal static class ShowWebhooks
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/webhooks", List).AllowRoles(Roles.Partner, Roles.Ops)
            .WithName("ListWebhooks").WithSummary("Addresses to which events are posted").WithDescription("An insurer's token sees its own: ten at most.");
        api.MapGet("/webhooks/{webhookId:guid}", Show).AllowRoles(Roles.Partner, Roles.Ops).GivesEtag()
            .WithName("ShowWebhook").WithSummary("An address and how it fares")
            .WithDescription("The secret is not told again; RotateWebhookSecret makes a new one.");
    }

    /// <returns>The addresses.</returns>
    private static async Task<Ok<IReadOnlyList<WebhookDescription>>> List(ClaimsPrincipal user, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return TypedResults.Ok(await Webhook.Read(db, null, Webhook.Own(user)));
    }

    /// <param name="webhookId">The webhook.</param>
    private static async Task<Results<Ok<WebhookDescription>, Problem>> Show(
        Guid webhookId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await Webhook.Find(db, webhookId, Webhook.Own(user)) is not { } webhook)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.ETag = Etags.Of(webhook.Version);
        return TypedResults.Ok(webhook);
    }
}
