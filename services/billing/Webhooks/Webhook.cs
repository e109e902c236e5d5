using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>What is sent to an address.</summary>
internal enum WebhookState
{
    Active,

    /// <summary>By its owner: deliveries wait.</summary>
    Paused,

    /// <summary>By us: nothing was taken there for three days, or it answered 410. What waited is dead, and nothing more is kept for it.</summary>
    Stopped,
}

/// <summary>What became of a delivery.</summary>
internal enum DeliveryState
{
    Pending,
    Delivered,

    /// <summary>Given up; it can be sent again.</summary>
    Dead,
}

/// <summary>What its owner says of an address.</summary>
/// <param name="Url">Where events are posted: https, reachable from the Internet, e.g. `https://example.org/hooks`.</param>
/// <param name="Types">Which events; all, those that come later included, when left out or empty.</param>
/// <param name="State"><c>active</c>, or <c>paused</c>: deliveries wait then. A stopped address is taken up again by <c>active</c>.</param>
internal sealed record WebhookRequest(
    [property: Length(1, WebhookUrl.Longest)] string Url,
    [property: MaxLength(50), Codes(typeof(PartnerEvent), nameof(PartnerEvent.Types)), EachMaxLength(40)] IReadOnlyList<string>? Types = null,
    [property: Codes(typeof(Webhook), nameof(Webhook.Choices))] string State = "active")
{
    /// <returns>What is wrong; null when nothing is.</returns>
    public Problem? Fault(WebhookOptions options)
    {
        var faults = new List<FieldError>();
        if (WebhookUrl.Fault(Url, options) is { } wrong)
        {
            faults.Add(wrong);
        }

        if (Types?.Except(PartnerEvent.Types).Any() == true || Types?.Count > 50)
        {
            faults.Add(new("#/types", "unknown", "Un de ces types d'événements n'existe pas.", PartnerEvent.Types));
        }

        if (!Webhook.Choices.Contains(State))
        {
            faults.Add(new("#/state", "unknown", "L'état est actif ou en pause : dites lequel.", Webhook.Choices));
        }

        return faults.Count > 0 ? CommonProblems.Invalid([.. faults]) : null;
    }
}

/// <summary>An address to which events are posted.</summary>
/// <param name="Id">The webhook.</param>
/// <param name="InsurerId">Whose it is.</param>
/// <param name="Url">Where events are posted.</param>
/// <param name="Types">Which; all when empty.</param>
/// <param name="State"><c>active</c>, <c>paused</c>, or <c>stopped</c> by us after three days without a success or an answer of 410.</param>
/// <param name="Failures">Deliveries that failed in a row; 0 while all is well.</param>
/// <param name="PausedUntil">After many failures in a row nothing is sent before; null while all is well.</param>
/// <param name="FormerSecretUntil">The former secret signs as well until then; null when there is none.</param>
/// <param name="Waiting">Deliveries to come.</param>
/// <param name="Dead">Deliveries given up; ReplayDeliveries sends them again.</param>
/// <param name="Version">For If-Match.</param>
internal sealed record WebhookDescription(
    Guid Id, Guid InsurerId, string Url, IReadOnlyList<string> Types, string State, int Failures, DateTimeOffset? PausedUntil,
    DateTimeOffset? FormerSecretUntil, long Waiting, long Dead, int Version);

/// <summary>An address and the secret that signs what is posted there: told now and never again.</summary>
/// <param name="Webhook">The address.</param>
/// <param name="Secret">For the libraries of standardwebhooks.com, as it is, e.g. `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.</param>
internal sealed record WebhookWithSecret(WebhookDescription Webhook, string Secret);

/// <summary>An address as stored.</summary>
internal static class Webhook
{
    /// <summary>An insurer has as many.</summary>
    public const int Most = 10;

    /// <summary>What an owner may say.</summary>
    public static IReadOnlyList<string> Choices { get; } = [WebhookState.Active.Word(), WebhookState.Paused.Word()];

    /// <returns>The only insurer whose addresses are shown; null for ops, who see all.</returns>
    public static Guid? Own(ClaimsPrincipal user) => user.Role() == Roles.Partner ? user.InsurerId() : null;

    /// <returns>Null when there is none, or it is another insurer's.</returns>
    public static async Task<WebhookDescription?> Find(NpgsqlConnection db, Guid id, Guid? insurerId) =>
        (await Read(db, id, insurerId)).SingleOrDefault();

    /// <param name="db">A connection.</param>
    /// <param name="id">Null for all.</param>
    /// <param name="insurerId">Null for every insurer's.</param>
    public static async Task<IReadOnlyList<WebhookDescription>> Read(NpgsqlConnection db, Guid? id, Guid? insurerId) =>
    [
        .. (await db.QueryAsync<Row>(
            """
            select w.id, w.insurer_id, w.url, w.types, w.state, w.failures, w.open_until, w.former_until, w.version,
              (select count(*) from webhook_delivery d where d.webhook_id = w.id and d.state = 'pending') as waiting,
              (select count(*) from webhook_delivery d where d.webhook_id = w.id and d.state = 'dead') as dead
            from webhook w
            where (@id::uuid is null or w.id = @id) and (@insurerId::uuid is null or w.insurer_id = @insurerId)
            order by w.id
            limit 1000
            """, new { id, insurerId })).Select(r => new WebhookDescription(
                r.Id, r.InsurerId, r.Url, r.Types, r.State.Text, r.Failures, r.OpenUntil, r.FormerUntil, r.Waiting, r.Dead, r.Version)),
    ];

    /// <summary>Orders the writers of one address, until the transaction's end.</summary>
    /// <returns>Its version; null when there is none, or it is another insurer's.</returns>
    public static Task<int?> Lock(NpgsqlConnection db, Guid id, Guid insurerId) => db.ExecuteScalarAsync<int?>(
        "select version from webhook where id = @id and insurer_id = @insurerId for update", new { id, insurerId });

    private sealed record Row(
        Guid Id, Guid InsurerId, string Url, string[] Types, Word<WebhookState> State, int Failures, DateTimeOffset? OpenUntil, DateTimeOffset? FormerUntil,
        int Version, long Waiting, long Dead);
}
