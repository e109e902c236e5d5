using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>The log of an address: every event that was to be delivered there, with every attempt.</summary>
internal static class ListDeliveries
{
    /// <summary>One attempt.</summary>
    /// <param name="At">When it was posted.</param>
    /// <param name="Status">What was answered; null when nothing was.</param>
    /// <param name="Fault">Empty when it was taken; else <c>status</c>, <c>redirect</c> (not followed), <c>timeout</c>, <c>connection</c>, <c>tls</c>,
    /// <c>no_such_host</c> or <c>private_address</c>.</param>
    /// <param name="Milliseconds">How long it took.</param>
    internal sealed record DeliveryAttempt(DateTimeOffset At, int? Status, string Fault, int Milliseconds);

    /// <summary>An event on its way to an address.</summary>
    /// <param name="Id">The delivery, for ReplayDeliveries.</param>
    /// <param name="EventId">The event; <c>webhook-id</c> of its posts.</param>
    /// <param name="Type">What happened.</param>
    /// <param name="Subject">What it is about.</param>
    /// <param name="State"><c>pending</c>, <c>delivered</c> or <c>dead</c>.</param>
    /// <param name="NextAttemptAt">Not tried again before; null when it is over.</param>
    /// <param name="Attempts">The last 20, the newest first.</param>
    internal sealed record DeliveryDescription(
        Guid Id, Guid EventId, string Type, Guid Subject, string State, DateTimeOffset? NextAttemptAt, IReadOnlyList<DeliveryAttempt> Attempts);

    private static IReadOnlyList<string> States => Words.All<DeliveryState>();

    public static void Map(RouteGroupBuilder api) => api.MapGet("/webhooks/{webhookId:guid}/deliveries", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .WithName("ListDeliveries")
        .WithSummary("The log of an address, the newest first")
        .WithDescription("Kept for 30 days after its end. `after` is the `next` of the page before.");

    /// <param name="webhookId">The webhook.</param>
    /// <param name="deliveryState">Only these; all when left out.</param>
    private static async Task<Results<Ok<Page<DeliveryDescription>>, Problem>> Handle(
        Guid webhookId, ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel,
        [Codes(typeof(ListDeliveries), nameof(States))] string? deliveryState = null, int? limit = null, string? after = null)
    {
        if (deliveryState is not null && !States.Contains(deliveryState))
        {
            return CommonProblems.Invalid(new FieldError("#/deliveryState", "unknown", "Cet état n'existe pas.", States));
        }

        var filter = $"deliveries:{webhookId}:{deliveryState}";
        if (!cursors.Read(limit, after, user, filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await Webhook.Find(db, webhookId, Webhook.Own(user)) is null)
        {
            return CommonProblems.Absent();
        }

        var rows = (await db.QueryAsync<Row>(
            """
            select d.id, d.event_id, e.type, d.subject, d.state, d.next_attempt_at
            from webhook_delivery d
            join partner_event e on e.id = d.event_id
            where d.webhook_id = @webhookId and (@deliveryState::text is null or d.state = @deliveryState)
              and (@last::uuid is null or d.position < (select position from webhook_delivery where id = @last))
            order by d.position desc
            limit @Count
            """, new { webhookId, deliveryState, last, Count = size + 1 })).AsList();
        var shown = rows.Take(size).ToList();
        var attempts = (await db.QueryAsync<AttemptRow>(
            """
            select a.delivery_id, a.attempted_at, a.status, a.fault, a.milliseconds
            from unnest(@Ids) as d (id)
            cross join lateral (select * from webhook_attempt where delivery_id = d.id order by attempted_at desc, id desc limit 20) a
            order by a.attempted_at desc, a.id desc
            """, new { Ids = shown.Select(r => r.Id).ToArray() })).ToLookup(a => a.DeliveryId);
        var items = shown.Select(r => new DeliveryDescription(
            r.Id, r.EventId, r.Type, r.Subject, r.State.Text, r.State.Value == DeliveryState.Pending ? r.NextAttemptAt : null,
            [.. attempts[r.Id].Select(a => new DeliveryAttempt(a.AttemptedAt, a.Status, a.Fault, a.Milliseconds))])).ToList();
        return TypedResults.Ok(new Page<DeliveryDescription>(items, rows.Count > size ? cursors.Encode(items[^1].Id, user, filter) : null));
    }

    private sealed record Row(Guid Id, Guid EventId, string Type, Guid Subject, Word<DeliveryState> State, DateTimeOffset NextAttemptAt);

    private sealed record AttemptRow(Guid DeliveryId, DateTimeOffset AttemptedAt, int? Status, string Fault, int Milliseconds);
}
