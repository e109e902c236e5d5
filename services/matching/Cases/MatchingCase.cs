using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Matching.Cases;

/// <summary>Where a complete case stands on its way to a physician.</summary>
internal enum MatchingState
{
    Waiting,
    Offered,
    Assigned,
    Delivered,
    Withdrawn,

    /// <summary>A coordinator looks for a physician.</summary>
    Escalated,
}

/// <summary>A complete case on its way to a physician. Whoever changes it holds its row: the case is always locked before offers and experts.</summary>
internal sealed record MatchingCase(
    Guid CaseId, Word<MatchingState> State, string? PathologyCode, string? SpecialtyCode, string? TreatingEstablishment, DateTimeOffset? DueAt,
    DateTimeOffset? NextLookAt)
{
    /// <summary>Takes the case's lock; null when it is not known.</summary>
    public static Task<MatchingCase?> Lock(NpgsqlConnection db, Guid caseId) => db.QuerySingleOrDefaultAsync<MatchingCase>(
        """
        select case_id, state, pathology_code, specialty_code, treating_establishment, due_at, next_look_at
        from matching_case
        where case_id = @caseId
        for update
        """,
        new { caseId });

    /// <summary>Takes the lock of one case whose moment has come and that nobody else is working on.</summary>
    public static Task<MatchingCase?> LockOneDue(NpgsqlConnection db, DateTimeOffset now) => db.QuerySingleOrDefaultAsync<MatchingCase>(
        """
        select case_id, state, pathology_code, specialty_code, treating_establishment, due_at, next_look_at
        from matching_case
        where next_look_at <= @now
        order by next_look_at
        limit 1
        for update skip locked
        """,
        new { now });

    public Task Save(NpgsqlConnection db) => db.ExecuteAsync(
        "update matching_case set state = @State, next_look_at = @NextLookAt where case_id = @CaseId",
        new { CaseId, State, NextLookAt });
}
