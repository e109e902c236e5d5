using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>One physician asked for one case. It ends once: every end is one update from a live state, and whoever changes no row came too late.</summary>
internal sealed record Offer(Guid OfferId, Guid CaseId, Guid PhysicianId, int Rank, string State, DateTimeOffset ExpiresAt)
{
    public const string Open = "open";
    public const string Accepted = "accepted";
    public const string Declined = "declined";
    public const string Expired = "expired";
    public const string Withdrawn = "withdrawn";

    /// <summary>The case's open or accepted offer.</summary>
    public static Task<Offer?> Live(NpgsqlConnection db, Guid caseId) => db.QuerySingleOrDefaultAsync<Offer>(
        """
        select offer_id, case_id, physician_id, rank, state, expires_at
        from offer
        where case_id = @caseId and state in ('open', 'accepted')
        """,
        new { caseId });

    /// <summary>Declined and expired ones: each is a physician who did not take the case.</summary>
    public static Task<int> CountRefusals(NpgsqlConnection db, Guid caseId) => db.ExecuteScalarAsync<int>(
        "select count(*)::int from offer where case_id = @caseId and state in ('declined', 'expired')", new { caseId });

    /// <summary>Ends an offer with a reason and tells so; false when it was no longer in <paramref name="from"/>.</summary>
    public static async Task<bool> Close(NpgsqlConnection db, Guid offerId, Guid caseId, Guid physicianId, string from, string reason, DateTimeOffset now)
    {
        var closed = await db.ExecuteAsync(
            """
            update offer
            set state = @reason, closed_at = @now
            where offer_id = @offerId and physician_id = @physicianId and state = @from
            """,
            new { offerId, physicianId, from, reason, now });
        if (closed == 0)
        {
            return false;
        }

        await Outbox.Publish(db, caseId, new OfferClosed { OfferId = offerId, CaseId = caseId, PhysicianId = physicianId, Reason = reason, ClosedAt = now });
        return true;
    }
}
