using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;

namespace SecondOpinion.Intake.Matching;

/// <summary>What matching tells may come late or in another order: an offer or an alert that is older than the last one heard changes nothing.</summary>
internal static class FollowMatching
{
    /// <returns>The case, locked, when this is news; null when something later was heard already or the case is unknown.</returns>
    public static async Task<CaseRow?> IfNews(NpgsqlConnection db, Guid caseId, DateTimeOffset happenedAt)
    {
        if (await CaseRows.AnyLocked(db, caseId) is not { } file || file.MatchingSeenAt is { } seen && seen >= happenedAt)
        {
            return null;
        }

        await db.ExecuteAsync("update case_file set matching_seen_at = @happenedAt where id = @caseId", new { caseId, happenedAt });
        return file;
    }
}
