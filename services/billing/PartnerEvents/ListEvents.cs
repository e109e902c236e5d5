using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.PartnerEvents;

/// <summary>The events of an insurer in their sequence, for whoever asks instead of being called: what webhooks tell, and in the same words.</summary>
internal static class ListEvents
{
    /// <summary>Events in the order in which they were told.</summary>
    /// <param name="Items">The events.</param>
    /// <param name="Next">Go on from here, now or the next time: there is one as soon as anything was told, also when there is nothing more.</param>
    /// <param name="HasMore">There is more to be read at once.</param>
    internal sealed record EventPage(IReadOnlyList<PartnerEventMessage> Items, string? Next, bool HasMore);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/events", Handle)
        .AllowRoles(Roles.Partner)
        .WithName("ListEvents")
        .WithSummary("What happened, by cursor")
        .WithDescription(
            "The same events as webhooks tell, for who cannot receive or wants to catch up. Keep `next` and send it as `after`: nothing is missed and nothing "
            + "comes twice. Kept for 90 days.");

    /// <param name="type">Only this type, e.g. `invoice.issued`; all when left out.</param>
    private static async Task<Results<Ok<EventPage>, Problem>> Handle(
        ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, HttpContext http, CancellationToken cancel,
        [Codes(typeof(PartnerEvent), nameof(PartnerEvent.Types))] string? type = null, int? limit = null, string? after = null)
    {
        if (type is not null && !PartnerEvent.Types.Contains(type))
        {
            return CommonProblems.Invalid(new FieldError("#/type", "unknown", "Ce type d'événement n'existe pas.", PartnerEvent.Types));
        }

        var filter = $"events:{type}";
        if (!cursors.Read(limit, after, user, filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var from = last is null
            ? 0
            : await db.ExecuteScalarAsync<long?>(
                "select position from partner_event where id = @last and insurer_id = @InsurerId", new { last, InsurerId = user.InsurerId() });
        if (from is null)
        {
            return CommonProblems.Invalid(new FieldError("#/after", "invalid_cursor", "Cet événement n'est plus conservé. Reprenez la liste depuis le début."));
        }

        var rows = (await db.QueryAsync<ToldEvent>(
            $"""
            select {ToldEvent.Columns}
            from partner_event e
            where e.insurer_id = @InsurerId and e.position > @from and (@type::text is null or e.type = @type) and e.only_for is null
            order by e.position
            limit @Count
            """, new { InsurerId = user.InsurerId(), from, type, Count = size + 1 })).AsList();
        var items = rows.Take(size).Select(r => r.Message).ToList();
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new EventPage(items, items.Count > 0 ? cursors.Encode(items[^1].Id, user, filter) : after, rows.Count > size));
    }
}
