using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.PartnerEvents;

/// <summary>What insurers are told of.</summary>
internal enum PartnerEventType
{
    [JsonStringEnumMemberName("coverage.reserved")]
    CoverageReserved,

    [JsonStringEnumMemberName("coverage.released")]
    CoverageReleased,

    [JsonStringEnumMemberName("roster.imported")]
    RosterImported,

    [JsonStringEnumMemberName("roster.refused")]
    RosterRefused,

    [JsonStringEnumMemberName("invoice.issued")]
    InvoiceIssued,

    [JsonStringEnumMemberName("invoice.credited")]
    InvoiceCredited,

    [JsonStringEnumMemberName("invoice.paid")]
    InvoicePaid,

    [JsonStringEnumMemberName("opinions.counted")]
    OpinionsCounted,

    [JsonStringEnumMemberName("webhook.test")]
    WebhookTest,
}

/// <summary>What happened; only the members of its type are there. Nothing clinical, and nothing that leads to a person.</summary>
/// <param name="ContractCode">Of <c>coverage.*</c>: as roster lines name it.</param>
/// <param name="RosterVersion">Of <c>roster.imported</c>: the version that answers now.</param>
/// <param name="Accepted">Of <c>roster.imported</c>: lines taken.</param>
/// <param name="Rejected">Of <c>roster.imported</c>: lines refused; DownloadRejects has them.</param>
/// <param name="Code">Of <c>roster.refused</c>: why, as in ShowRoster.</param>
/// <param name="Number">Of <c>invoice.*</c>: of the invoice or the credit note, e.g. `2026-000042`.</param>
/// <param name="InvoiceId">Of <c>invoice.*</c>: the invoice or the credit note, for DownloadInvoice.</param>
/// <param name="Month">Of <c>invoice.*</c> and <c>opinions.counted</c>: yyyy-mm, e.g. `2026-10`.</param>
/// <param name="Total">Of <c>invoice.*</c>: of the invoice or the credit note, VAT included.</param>
/// <param name="Opinions">Of <c>opinions.counted</c>: delivered in the month, shown as ShowInsurerActivity shows counts: fewer than 11 as "&lt;11".</param>
internal sealed record PartnerEventData(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ContractCode = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? RosterVersion = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Accepted = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Rejected = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Number = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? InvoiceId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Month = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? Total = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Opinions = null);

/// <summary>An event as every way of hearing of it tells it: a webhook's body, and a line of ListEvents.</summary>
/// <param name="Id">The same whenever and however it is told: who has seen it does nothing. As <c>webhook-id</c> in webhooks.</param>
/// <param name="Type">What happened; more types may come: ignore those that you do not know, e.g. `invoice.issued`.</param>
/// <param name="Timestamp">When it happened; of <c>coverage.*</c> when it was told.</param>
/// <param name="Subject">What it is about: the roster's import, the invoice, a pseudonym of a cover. Events of one subject come in their order.</param>
/// <param name="Data">What is known of it.</param>
internal sealed record PartnerEventMessage(Guid Id, string Type, DateTimeOffset Timestamp, Guid Subject, PartnerEventData Data);

/// <summary>Writes what insurers will be told, in the transaction that makes it true.</summary>
internal static class PartnerEvent
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Those that can be subscribed to; a test goes to the address that asks for it.</summary>
    public static IReadOnlyList<string> Types { get; } = [.. Words.All<PartnerEventType>().Except([PartnerEventType.WebhookTest.Word()])];

    /// <summary>About an insurer's own business: told at once.</summary>
    /// <param name="db">Within its transaction.</param>
    /// <param name="insurerId">Who is told.</param>
    /// <param name="type">What happened.</param>
    /// <param name="subject">What it is about; never a case.</param>
    /// <param name="data">What is known of it.</param>
    /// <param name="at">When.</param>
    /// <param name="once">Names what is told once; null when nothing could write it twice.</param>
    /// <param name="onlyFor">An address that alone is told.</param>
    public static Task Write(
        NpgsqlConnection db, Guid insurerId, PartnerEventType type, Guid subject, PartnerEventData data, DateTimeOffset at, string? once = null,
        Guid? onlyFor = null) => db.ExecuteAsync(
        """
        insert into partner_event (id, insurer_id, type, subject, data, only_for, once, happened_at)
        values (@Id, @insurerId, @Type, @subject, @Data::jsonb, @onlyFor, @once, @at)
        on conflict (insurer_id, once) do nothing
        """,
        new
        {
            Id = Guid.NewGuid(),
            insurerId,
            Type = (Word<PartnerEventType>)type,
            subject,
            Data = JsonSerializer.Serialize(data, Json),
            onlyFor,
            once,
            at,
        });

    /// <summary>About one member's cover: told the day after, and only together with others of that contract (<see cref="TellEvents"/>).</summary>
    /// <param name="db">Within its transaction.</param>
    /// <param name="caseId">The insurer is told a pseudonym, which stands in nothing else that it sees.</param>
    /// <param name="type">Reserved or released.</param>
    /// <param name="at">When; never told.</param>
    public static Task WriteCover(NpgsqlConnection db, Guid caseId, PartnerEventType type, DateTimeOffset at) => db.ExecuteAsync(
        """
        insert into partner_event (id, insurer_id, type, subject, data, contract, happened_at)
        select @Id, insurer_id, @Type, @Subject, '{}'::jsonb, contract, @at
        from coverage
        where case_id = @caseId
        """, new { Id = Guid.NewGuid(), Type = (Word<PartnerEventType>)type, Subject = PseudonymOf(caseId), caseId, at });

    internal static Guid PseudonymOf(Guid caseId) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"coverage event of {caseId}")).AsSpan(0, 16));
}

/// <summary>An event as stored, once it has its place.</summary>
internal sealed record ToldEvent(Guid Id, string Type, DateTimeOffset At, Guid Subject, string Data)
{
    /// <summary>Of a row <c>e</c>; the moment of a cover stays hidden.</summary>
    public const string Columns = "e.id, e.type, case when e.contract is null then e.happened_at else e.told_at end as at, e.subject, e.data";

    public PartnerEventMessage Message => new(Id, Type, At, Subject, JsonSerializer.Deserialize<PartnerEventData>(Data, PartnerEvent.Json)!);
}
