using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>Where an offer stands. All but the first two are ends.</summary>
internal enum OfferState
{
    Open,

    /// <summary>The physician has the case.</summary>
    Accepted,
    Declined,
    Expired,
    Withdrawn,

    /// <summary>The opinion is there.</summary>
    Delivered,

    /// <summary>Accepted, and no opinion came: somebody else is asked.</summary>
    Replaced,
}

/// <summary>One physician asked for one case. It ends once: every end is one update from a live state, and whoever changes no row came too late.</summary>
internal sealed record Offer(Guid OfferId, Guid CaseId, Guid PhysicianId, int Rank, Word<OfferState> State, DateTimeOffset ExpiresAt)
{
    /// <summary>The case's open or accepted offer.</summary>
    public static Task<Offer?> Live(NpgsqlConnection db, Guid caseId) => db.QuerySingleOrDefaultAsync<Offer>(
        """
        select offer_id, case_id, physician_id, rank, state, expires_at
        from offer
        where case_id = @caseId and state in ('open', 'accepted')
        """,
        new { caseId });

    /// <summary>The offer that was made of this case to this physician; null when there is none such.</summary>
    public static Task<Offer?> Find(NpgsqlConnection db, Guid offerId, Guid caseId, Guid physicianId) => db.QuerySingleOrDefaultAsync<Offer>(
        """
        select offer_id, case_id, physician_id, rank, state, expires_at
        from offer
        where offer_id = @offerId and case_id = @caseId and physician_id = @physicianId
        """,
        new { offerId, caseId, physicianId });

    /// <summary>Declined and expired ones: each is a physician who did not take the case.</summary>
    public static Task<int> CountRefusals(NpgsqlConnection db, Guid caseId) => db.ExecuteScalarAsync<int>(
        "select count(*)::int from offer where case_id = @caseId and state in ('declined', 'expired')", new { caseId });

    /// <summary>Ends this offer with a reason and tells so; false when it is no longer in <paramref name="from"/>.</summary>
    /// <param name="db">Within its transaction.</param>
    /// <param name="from">The state in which it must be.</param>
    /// <param name="reason">The state in which it ends.</param>
    /// <param name="now">When.</param>
    public async Task<bool> Close(NpgsqlConnection db, Word<OfferState> from, Word<OfferState> reason, DateTimeOffset now)
    {
        var closed = await db.ExecuteAsync(
            """
            update offer
            set state = @reason, closed_at = @now
            where offer_id = @OfferId and physician_id = @PhysicianId and state = @from
            """,
            new { OfferId, PhysicianId, from, reason, now });
        if (closed == 0)
        {
            return false;
        }

        await Outbox.Publish(db, CaseId,
            new OfferClosed { OfferId = OfferId, CaseId = CaseId, PhysicianId = PhysicianId, Reason = reason.Text, ClosedAt = now });
        return true;
    }
}
