using Dapper;
using Npgsql;
using SecondOpinion.Matching.Watching;
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
/// <param name="PlaceOfCare">Is it known where the patient is treated? Null in cases older than the question.</param>
/// <param name="WorkedOnAt">The physician's last sign of work; null before the first.</param>
/// <param name="RemindedAt">The last reminder.</param>
/// <param name="PausedSince">The clock stands still since then.</param>
internal sealed record MatchingCase(
    Guid CaseId, Word<MatchingState> State, string? PathologyCode, string? SpecialtyCode, string? TreatingEstablishment, Guid[] InvolvedPhysicians,
    string? PlaceOfCare, DateTimeOffset? DueAt, DateTimeOffset? NextLookAt, DateTimeOffset? AssignedAt, DateTimeOffset? WorkedOnAt,
    DateTimeOffset? RemindedAt, DateTimeOffset? PausedSince, bool PatientIsMinor, string Language)
{
    private const string Columns =
        """
        case_id, state, pathology_code, specialty_code, treating_establishment, involved_physicians, place_of_care, due_at, next_look_at, assigned_at,
        worked_on_at, reminded_at, paused_since, patient_is_minor, language
        """;

    /// <summary>Of an accepted case.</summary>
    public Silence Silence => new(WorkedOnAt > AssignedAt ? WorkedOnAt.Value : AssignedAt!.Value, DueAt!.Value);

    /// <summary>Takes the case's lock; null when it is not known.</summary>
    public static Task<MatchingCase?> Lock(NpgsqlConnection db, Guid caseId) =>
        db.QuerySingleOrDefaultAsync<MatchingCase>($"select {Columns} from matching_case where case_id = @caseId for update", new { caseId });

    /// <summary>Takes the lock of one case whose moment has come and that nobody else is working on.</summary>
    /// <param name="db">The open transaction.</param>
    /// <param name="now">The present.</param>
    /// <param name="evenOneOfMany">Also a case that waits for a physician beside others, which are otherwise assigned together.</param>
    public static Task<MatchingCase?> LockOneDue(NpgsqlConnection db, DateTimeOffset now, bool evenOneOfMany) => db.QuerySingleOrDefaultAsync<MatchingCase>(
        $"""
        select {Columns}
        from matching_case
        where next_look_at <= @now
          and (state <> 'waiting' or @evenOneOfMany or not exists (
            select from matching_case other
            where other.next_look_at <= @now and other.state = 'waiting' and other.case_id <> matching_case.case_id))
        order by next_look_at
        limit 1
        for update skip locked
        """,
        new { now, evenOneOfMany });

    /// <summary>Takes the locks of the cases that wait for a physician and whose moment has come, those with the least time first.</summary>
    public static async Task<IReadOnlyList<MatchingCase>> LockWaiting(NpgsqlConnection db, DateTimeOffset now, int limit) =>
        (await db.QueryAsync<MatchingCase>(
            $"""
            select {Columns}
            from matching_case
            where next_look_at <= @now and state = 'waiting'
            order by due_at, case_id
            limit @limit
            for update skip locked
            """,
            new { now, limit })).AsList();

    /// <summary>Nobody has it, and nothing of who had it counts any more.</summary>
    public MatchingCase WithoutPhysician() =>
        this with { State = MatchingState.Waiting, AssignedAt = null, WorkedOnAt = null, RemindedAt = null, PausedSince = null };

    public Task Save(NpgsqlConnection db) => db.ExecuteAsync(
        """
        update matching_case
        set state = @State, next_look_at = @NextLookAt, assigned_at = @AssignedAt, worked_on_at = @WorkedOnAt, reminded_at = @RemindedAt,
          paused_since = @PausedSince
        where case_id = @CaseId
        """,
        new { CaseId, State, NextLookAt, AssignedAt, WorkedOnAt, RemindedAt, PausedSince });
}
