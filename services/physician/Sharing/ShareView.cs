using Dapper;
using Npgsql;
using SecondOpinion.Physician.Sharing.Receipts;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Physician.Sharing;

/// <summary>A signed version on its way to the treating physician, as people are told.</summary>
/// <param name="Version">The signed version.</param>
/// <param name="State"><c>waiting</c>, <c>sending</c>, <c>sent</c>, <c>held</c> (something lacks) or <c>ended</c> (it will not be sent).</param>
/// <param name="Reason">Why it is held or ended: <c>not_agreed</c>, <c>no_recipient</c>, <c>identity_not_qualified</c>, <c>no_mailbox</c>, <c>case_over</c>,
/// <c>address_refused</c>, <c>gave_up</c> or <c>superseded</c>; else null.</param>
/// <param name="Explanation">The same in French, with what can be done.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAttemptAt">When it is tried again; null when it is not.</param>
/// <param name="SentAt">When the operator took it; null before.</param>
/// <param name="Receipts">What the recipient's side answered, oldest first.</param>
internal sealed record ShareView(
    int Version, string State, string? Reason, string Explanation, int Attempts, DateTimeOffset? NextAttemptAt, DateTimeOffset? SentAt,
    IReadOnlyList<ShareReceiptView> Receipts)
{
    public static async Task<IReadOnlyList<ShareView>> OfCase(NpgsqlConnection db, Guid caseId)
    {
        var rows = await db.QueryAsync<Row>(
            """
            select share_id, version, state, reason, attempts, next_attempt_at, sent_at
            from opinion_share where case_id = @caseId
            order by version
            """,
            new { caseId });
        var receipts = (await db.QueryAsync<ReceiptRow>(
            """
            select share_id, kind, code, received_at
            from share_receipt join opinion_share using (share_id)
            where case_id = @caseId
            order by received_at, kind, code
            """,
            new { caseId })).ToLookup(r => r.ShareId);
        return [.. rows.Select(r => r.View([.. receipts[r.ShareId].Select(x => x.View)]))];
    }

    private sealed record Row
    {
        public required Guid ShareId { get; init; }

        public required int Version { get; init; }

        public required Word<ShareState> State { get; init; }

        public Word<ShareReason>? Reason { get; init; }

        public required int Attempts { get; init; }

        public DateTimeOffset? NextAttemptAt { get; init; }

        public DateTimeOffset? SentAt { get; init; }

        public ShareView View(IReadOnlyList<ShareReceiptView> receipts) => new(
            Version, State.Text, Reason?.Text, ShareTexts.Of(State.Value, Reason?.Value), Attempts, NextAttemptAt, SentAt, receipts);
    }

    private sealed record ReceiptRow
    {
        public required Guid ShareId { get; init; }

        public required Word<ReceiptKind> Kind { get; init; }

        public required int Code { get; init; }

        public required DateTimeOffset ReceivedAt { get; init; }

        public ShareReceiptView View => new(Kind.Text, Code == 0 ? null : Code, ShareTexts.Of(Kind.Value, Code), ReceivedAt);
    }
}

/// <summary>What the recipient's side answered.</summary>
/// <param name="Kind"><c>processed</c>, <c>displayed</c>, <c>dispatched</c>, <c>deleted</c>, <c>not_integrated</c> or <c>bounced</c>.</param>
/// <param name="Code">Of <c>not_integrated</c>: 900 to 906; else null.</param>
/// <param name="Explanation">The same in French.</param>
/// <param name="ReceivedAt">When it was read.</param>
internal sealed record ShareReceiptView(string Kind, int? Code, string Explanation, DateTimeOffset ReceivedAt);
