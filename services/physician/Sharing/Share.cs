using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Where a signed version stands on its way to the treating physician.</summary>
internal enum ShareState
{
    Waiting,
    Sending,
    Sent,

    /// <summary>Something lacks; it waits for the patient or the directory.</summary>
    Held,

    /// <summary>It will not be sent.</summary>
    Ended,
}

/// <summary>Why it is held or ended.</summary>
internal enum ShareReason
{
    NotAgreed,
    NoRecipient,
    IdentityNotQualified,
    NoMailbox,
    CaseOver,
    AddressRefused,
    GaveUp,
    Superseded,
}

/// <summary>One signed version on its way: <c>waiting → sending → sent</c>, or <c>held</c>, or <c>ended</c>.</summary>
internal sealed record Share(Guid ShareId, Guid CaseId, Guid OpinionId, int Version, int Attempts)
{
    /// <summary>Pauses after a failed attempt; after the last one nothing more is tried. About three days: a correction by hand takes a working day.</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(4), TimeSpan.FromHours(12),
        TimeSpan.FromDays(1), TimeSpan.FromDays(1),
    ];

    /// <summary>A physician may get a mailbox later.</summary>
    private static readonly TimeSpan MailboxLookedUpAgain = TimeSpan.FromDays(7);

    /// <summary>What was signed longer ago than that is not sent by itself: nobody expects it any more.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromDays(60);

    /// <summary>What a sender has claimed and not settled by then died with it.</summary>
    private static readonly TimeSpan GivenUp = TimeSpan.FromMinutes(5);

    /// <summary>Signed versions that nobody has thought of yet begin; a version that a later one corrects, and that has not left, never leaves.</summary>
    public static Task Begin(NpgsqlConnection db, DateTimeOffset now) => db.ExecuteAsync(
        """
        insert into opinion_share (share_id, case_id, opinion_id, version, state, next_attempt_at)
        select gen_random_uuid(), o.case_id, v.opinion_id, v.version, 'waiting', @now
        from opinion_version v
        join opinion o using (opinion_id)
        where v.signed_at > @now - @Freshness
        on conflict (opinion_id, version) do nothing;
        update opinion_share s
        set state = 'ended', reason = 'superseded', next_attempt_at = null
        where s.state in ('waiting', 'held') and exists (select from opinion_version v where v.opinion_id = s.opinion_id and v.version > s.version)
        """,
        new { now, Freshness });

    public static async Task<IReadOnlyList<Guid>> Due(NpgsqlConnection db, DateTimeOffset now) => (await db.QueryAsync<Guid>(
        """
        select share_id from opinion_share
        where state in ('waiting', 'held') and next_attempt_at <= @now or state = 'sending' and claimed_at <= @now - @GivenUp
        order by next_attempt_at
        limit 100
        """,
        new { now, GivenUp })).AsList();

    /// <returns>Null when another instance has it, or it is no longer due.</returns>
    public static Task<Share?> Claim(NpgsqlConnection db, Guid id, DateTimeOffset now) => db.QuerySingleOrDefaultAsync<Share>(
        """
        update opinion_share
        set state = 'sending', claimed_at = @now, attempts = attempts + 1, reason = null
        where share_id = @id
          and (state in ('waiting', 'held') and next_attempt_at <= @now or state = 'sending' and claimed_at <= @now - @GivenUp)
        returning share_id, case_id, opinion_id, version, attempts
        """,
        new { id, now, GivenUp });

    /// <summary>The last version before this one that has left; null when none has.</summary>
    public static Task<int?> LastSent(NpgsqlConnection db, Share share) => db.ExecuteScalarAsync<int?>(
        "select max(version) from opinion_share where opinion_id = @OpinionId and version < @Version and state = 'sent'",
        new { share.OpinionId, share.Version });

    public Task Sent(NpgsqlConnection db, DateTimeOffset now) => db.ExecuteAsync(
        "update opinion_share set state = 'sent', sent_at = @now, next_attempt_at = null where share_id = @ShareId and state = 'sending'",
        new { ShareId, now });

    /// <summary>Held until something changes, or ended; a mailbox is looked up again by itself.</summary>
    public Task Stop(NpgsqlConnection db, ShareReason reason, DateTimeOffset now) => db.ExecuteAsync(
        """
        update opinion_share
        set state = @State, reason = @Reason, next_attempt_at = @Next
        where share_id = @ShareId and state = 'sending'
        """,
        new
        {
            ShareId,
            State = (Word<ShareState>)(IsFinal(reason) ? ShareState.Ended : ShareState.Held),
            Reason = (Word<ShareReason>)reason,
            Next = reason == ShareReason.NoMailbox ? now + MailboxLookedUpAgain : (DateTimeOffset?)null,
        });

    /// <summary>Tried again after a pause that grows, until nobody believes in it any more.</summary>
    public Task PutBack(NpgsqlConnection db, DateTimeOffset now) => PutBack(db, [ShareId], now);

    /// <summary>The same for all that are due, when the server is away: each counts the attempt, none was begun.</summary>
    public static Task PutBack(NpgsqlConnection db, IReadOnlyList<Guid> ids, DateTimeOffset now) => db.ExecuteAsync(
        """
        with tried as (
          select share_id, case when state = 'sending' then attempts else attempts + 1 end as attempts
          from opinion_share
          where share_id = any(@Ids) and state in ('waiting', 'held', 'sending')
        )
        update opinion_share s
        set attempts = t.attempts,
            state = case when t.attempts > cardinality(@Pauses) then 'ended' else 'waiting' end,
            reason = case when t.attempts > cardinality(@Pauses) then 'gave_up' end,
            next_attempt_at = @now + (@Pauses)[t.attempts]
        from tried t
        where s.share_id = t.share_id
        """,
        new { Ids = ids.ToArray(), Pauses, now });

    private static bool IsFinal(ShareReason reason) =>
        reason is ShareReason.CaseOver or ShareReason.AddressRefused or ShareReason.GaveUp or ShareReason.Superseded;
}
