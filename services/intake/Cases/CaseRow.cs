using System.Security.Claims;
using Dapper;
using Npgsql;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Cases;

/// <summary>What of <c>case_file</c> is sealed.</summary>
internal static class CaseColumns
{
    public static readonly SealedPlace Person = new("case_file", "sealed_person");
    public static readonly SealedPlace Answers = new("case_file", "sealed_answers");
    public static readonly SealedPlace Questions = new("case_file", "sealed_questions");
    public static readonly SealedPlace CoverageQuestion = new("case_file", "sealed_coverage_question");
}

/// <summary>A row of <c>case_file</c>, without its sealed answers and questions.</summary>
internal sealed record CaseRow
{
    public required Guid Id { get; init; }

    public required Guid PatientId { get; init; }

    public required Word<RequestedBy> RequestedBy { get; init; }

    public required Word<LegalRegime> LegalRegime { get; init; }

    public required Word<CaseState> State { get; init; }

    public required int Sequence { get; init; }

    public required long Version { get; init; }

    public required string PathologyCode { get; init; }

    public required string SpecialtyCode { get; init; }

    public string? DepartmentCode { get; init; }

    public string? TreatingEstablishment { get; init; }

    public required byte[] SealedPerson { get; init; }

    public required string QuestionnaireCode { get; init; }

    public required int QuestionnaireVersion { get; init; }

    public required int GeneralVersion { get; init; }

    public byte[]? SealedAnswers { get; init; }

    public required long AnswersVersion { get; init; }

    public byte[]? SealedQuestions { get; init; }

    public required int QuestionCount { get; init; }

    public required long QuestionsVersion { get; init; }

    public required Word<CoverageStatus> Coverage { get; init; }

    public byte[]? SealedCoverageQuestion { get; init; }

    public string? InsurerName { get; init; }

    public string? EngagementNumber { get; init; }

    public string? RefusalCode { get; init; }

    public string? RefusalText { get; init; }

    public string? RedirectedTo { get; init; }

    /// <summary>The door that an alarming answer names; null when there is none.</summary>
    public string? Alarm { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public DateTimeOffset? PausedSince { get; init; }

    public DateTimeOffset? StoppedAt { get; init; }

    public Guid? AssignedPhysician { get; init; }

    public DateTimeOffset? MatchingSeenAt { get; init; }

    public Clock? Clock => CompletedAt is { } started && DueAt is { } due ? new Clock(started, due, PausedSince, StoppedAt) : null;
}

/// <summary>Finds cases. A case that is not the caller's is not there.</summary>
internal static class CaseRows
{
    /// <summary>Of a select, or what an update returns: the row as it is then.</summary>
    public const string Columns =
        """
        id, patient_id, requested_by, legal_regime, state, sequence, version, pathology_code, specialty_code, department_code, treating_establishment,
        sealed_person, questionnaire_code, questionnaire_version, general_version, sealed_answers, answers_version, sealed_questions, question_count,
        questions_version, coverage, sealed_coverage_question, insurer_name, engagement_number, refusal_code, refusal_text, redirected_to, alarm,
        opened_at, submitted_at, completed_at, due_at, paused_since, stopped_at, assigned_physician, matching_seen_at
        """;

    /// <summary>The caller's own case: the patient's, or the one that this agent or physician opened.</summary>
    public static Task<CaseRow?> Own(NpgsqlConnection db, ClaimsPrincipal user, Guid id)
    {
        var mine = CaseOwner.Of(user);
        return db.QuerySingleOrDefaultAsync<CaseRow>(
            $"select {Columns} from case_file where id = @id and {CaseOwner.Condition}", new { id, mine.Patient, mine.Opener });
    }

    /// <summary>The same, locked until the transaction ends, so that what is decided on it stays true.</summary>
    public static Task<CaseRow?> OwnLocked(NpgsqlConnection db, ClaimsPrincipal user, Guid id)
    {
        var mine = CaseOwner.Of(user);
        return db.QuerySingleOrDefaultAsync<CaseRow>(
            $"select {Columns} from case_file where id = @id and {CaseOwner.Condition} for update", new { id, mine.Patient, mine.Opener });
    }

    public static Task<CaseRow?> Any(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id", new { id });

    public static Task<CaseRow?> AnyLocked(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id for update", new { id });

    /// <summary>The case, if it is assigned to this physician.</summary>
    public static Task<CaseRow?> AssignedTo(NpgsqlConnection db, Guid physicianId, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id and assigned_physician = @physicianId", new { id, physicianId });

    public static Task<CaseRow?> AssignedToLocked(NpgsqlConnection db, Guid physicianId, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>(
            $"select {Columns} from case_file where id = @id and assigned_physician = @physicianId for update", new { id, physicianId });

    public static async Task<IReadOnlyList<CaseRow>> Page(NpgsqlConnection db, ClaimsPrincipal user, Guid? after, int limit)
    {
        var mine = CaseOwner.Of(user);
        return (await db.QueryAsync<CaseRow>(
            $"""
            select {Columns}
            from case_file
            where {CaseOwner.Condition} and (@after::uuid is null or id < @after)
            order by id desc
            limit @limit
            """,
            new { mine.Patient, mine.Opener, after, limit })).AsList();
    }
}

/// <summary>Whose cases a caller sees.</summary>
internal readonly record struct CaseOwner(Guid? Patient, string? Opener)
{
    public const string Condition = "(patient_id = @Patient or opened_by = @Opener)";

    public static CaseOwner Of(ClaimsPrincipal user) => user.Role() switch
    {
        Access.Patient => new CaseOwner(user.PatientId(), null),
        var role => new CaseOwner(null, OpenerOf(role, user)),
    };

    /// <summary>Kept with the case: the account that opened it, told apart by role.</summary>
    public static string OpenerOf(string role, ClaimsPrincipal user) =>
        role == Access.Physician ? $"physician:{user.PhysicianId()}" : $"{role}:{user.Subject()}";
}
