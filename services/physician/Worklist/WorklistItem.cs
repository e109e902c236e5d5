using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Where an offer stands for its physician.</summary>
internal enum WorklistState
{
    Offered,

    /// <summary>Until matching confirms it.</summary>
    Accepted,
    Assigned,
    Delivered,
    Declined,

    /// <summary>Matching ended it.</summary>
    Closed,
}

/// <summary>One offer as its physician sees it: <c>offered → accepted → assigned → delivered</c>, or <c>declined</c> or <c>closed</c>.</summary>
internal sealed record WorklistItem(Guid OfferId, Guid CaseId, Guid PhysicianId, Word<WorklistState> State, DateTimeOffset? ExpiresAt)
{
    /// <summary>The case, if it is this physician's: assigned or already delivered. Everything about files and opinions asks this first.</summary>
    public static Task<WorklistItem?> OwnCase(NpgsqlConnection db, Guid caseId, Guid physicianId) => db.QuerySingleOrDefaultAsync<WorklistItem>(
        """
        select offer_id, case_id, physician_id, state, expires_at
        from worklist_item
        where case_id = @caseId and physician_id = @physicianId and state in ('assigned', 'delivered')
        """,
        new { caseId, physicianId });

    /// <summary>The offer, if it was made to this physician.</summary>
    public static Task<WorklistItem?> OwnOffer(NpgsqlConnection db, Guid offerId, Guid physicianId) => db.QuerySingleOrDefaultAsync<WorklistItem>(
        """
        select offer_id, case_id, physician_id, state, expires_at
        from worklist_item
        where offer_id = @offerId and physician_id = @physicianId
        """,
        new { offerId, physicianId });
}
