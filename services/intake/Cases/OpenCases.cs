using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>Bound from <c>Cases</c>.</summary>
internal sealed class CaseOptions : ISettings
{
    public static string Section => "Cases";

    /// <summary>Cases of one person that may be under way at a time, whoever opened them.</summary>
    public int OpenPerPerson { get; set; } = 3;

    /// <summary>A file that nobody touched for so long before it was complete is withdrawn, and its documents go.</summary>
    public TimeSpan DraftLife { get; set; } = TimeSpan.FromDays(90);

    /// <summary>A physician's question that the patient has not answered for so long stops holding up the opinion.</summary>
    public TimeSpan QuestionLife { get; set; } = TimeSpan.FromDays(14);

    public string? Fault() =>
        OpenPerPerson > 0 && DraftLife.TotalHours >= 1 && QuestionLife.TotalHours >= 1
            ? null
            : "Cases:OpenPerPerson must be at least 1, and Cases:DraftLife and Cases:QuestionLife at least an hour.";
}

/// <summary>Few open cases a person: each one asks an insurer and may hold a use.</summary>
internal static class OpenCases
{
    private const string Count =
        "select count(*) from case_file where patient_id = @patientId and state not in ('delivered', 'closed', 'redirected', 'refused', 'withdrawn')";

    public static async Task<bool> AreAsManyAsAllowed(NpgsqlDataSource dataSource, Guid patientId, CaseOptions options, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await db.ExecuteScalarAsync<int>(Count, new { patientId }) >= options.OpenPerPerson;
    }

    /// <summary>Decided under a lock of the person, so that two requests at once are both counted.</summary>
    public static async Task<Problem?> Refusal(NpgsqlConnection db, Guid patientId, CaseOptions options)
    {
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@patientId::text, 10))", new { patientId });
        return await db.ExecuteScalarAsync<int>(Count, new { patientId }) < options.OpenPerPerson ? null : Problems.OpenAlready(options.OpenPerPerson);
    }
}
