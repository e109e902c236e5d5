using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Council;

/// <summary>Who has a part in a decision: every member, while it is open, but those who declared a conflict.</summary>
internal static class Part
{
    /// <summary>Why this member has none; null when nothing speaks against it. The caller holds the application's row.</summary>
    public static async Task<Problem?> Refusal(NpgsqlConnection db, Application application, string member) =>
        application.State != ApplicationState.Open ? Problems.DecidedAlready(application.State.Value)
        : await db.ExecuteScalarAsync<bool>(
            "select exists (select from application_conflict where application_id = @ApplicationId and member = @member)",
            new { application.ApplicationId, member }) ? Problems.HasConflict()
        : null;
}
