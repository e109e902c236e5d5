using System.Security.Claims;
using Dapper;
using Npgsql;
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

    /// <summary>Role and account that opened it, e.g. <c>agent:…</c>.</summary>
    public required string OpenedBy { get; init; }

    public required Word<LegalRegime> LegalRegime { get; init; }

    public required Word<CaseState> State { get; init; }

    public required int Sequence { get; init; }

    public required long Version { get; init; }

    public required string PathologyCode { get; init; }

    public required string SpecialtyCode { get; init; }

    public string? DepartmentCode { get; init; }

    public string? TreatingEstablishment { get; init; }

    /// <summary><c>given</c>, <c>none</c>, <c>unknown</c>, or null while it is not told.</summary>
    public string? PlaceOfCare { get; init; }

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

    /// <summary>In which the patient wants to be answered, ISO 639-1.</summary>
    public required string Language { get; init; }

    /// <summary>How long before <see cref="DueAt"/> the opinion is expected; null while nobody has accepted.</summary>
    public TimeSpan? ExpectedAhead { get; init; }

    /// <summary>Why this physician: <c>pathology</c>, <c>specialty</c> or <c>coordinator</c>; null while nobody has accepted.</summary>
    public string? ChoiceBasis { get; init; }

    /// <summary>How many physicians came into question.</summary>
    public int? ChoiceConsidered { get; init; }

    public Clock? Clock => CompletedAt is { } started && DueAt is { } due ? new Clock(started, due, PausedSince, StoppedAt) : null;
}

/// <summary>Finds cases. A case that is not the caller's is not there.</summary>
internal static class CaseRows
{
    /// <summary>How long a physician reads a case after its delivery.</summary>
    public static readonly TimeSpan AfterDelivery = TimeSpan.FromDays(90);

    /// <summary>Of a select, or what an update returns: the row as it is then.</summary>
    public const string Columns =
        """
        id, patient_id, requested_by, opened_by, legal_regime, state, sequence, version, pathology_code, specialty_code, department_code,
        treating_establishment, place_of_care,
        sealed_person, questionnaire_code, questionnaire_version, general_version, sealed_answers, answers_version, sealed_questions, question_count,
        questions_version, coverage, sealed_coverage_question, insurer_name, engagement_number, refusal_code, refusal_text, redirected_to, alarm,
        opened_at, submitted_at, completed_at, due_at, paused_since, stopped_at, assigned_physician, matching_seen_at, language,
        expected_ahead, choice_basis, choice_considered
        """;

    /// <summary>The caller's own case: the patient's, or one that this agent or physician opened and still has a reason to see (<see
    /// cref="CaseOwner"/>).</summary>
    public static Task<CaseRow?> Own(NpgsqlConnection db, ClaimsPrincipal user, Guid id)
    {
        var mine = CaseOwner.Of(user);
        return db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id and {CaseOwner.Condition}", new
        {
            id,
            mine.Patient,
            mine.Agent,
            mine.Physician
        });
    }

    /// <summary>
    /// The same for a read that opens what is sealed: keys and files of the case are not destroyed before the transaction ends. Files are opened within it;
    /// what is open can be read to its end.
    /// </summary>
    public static Task<CaseRow?> OwnHeld(NpgsqlConnection db, ClaimsPrincipal user, Guid id)
    {
        var mine = CaseOwner.Of(user);
        return db.QuerySingleOrDefaultAsync<CaseRow>(
            $"select {Columns} from case_file where id = @id and {CaseOwner.Condition} for key share",
            new { id, mine.Patient, mine.Agent, mine.Physician });
    }

    /// <summary>The same, locked until the transaction ends, so that what is decided on it stays true.</summary>
    public static Task<CaseRow?> OwnLocked(NpgsqlConnection db, ClaimsPrincipal user, Guid id)
    {
        var mine = CaseOwner.Of(user);
        return db.QuerySingleOrDefaultAsync<CaseRow>(
            $"select {Columns} from case_file where id = @id and {CaseOwner.Condition} for update", new { id, mine.Patient, mine.Agent, mine.Physician });
    }

    public static Task<CaseRow?> Any(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id", new { id });

    /// <summary>The case unless it was erased; its keys are not destroyed before the transaction ends.</summary>
    public static Task<CaseRow?> AnyHeld(NpgsqlConnection db, Guid id) => db.QuerySingleOrDefaultAsync<CaseRow>(
        $"select {Columns} from case_file where id = @id and erased_at is null for key share", new { id });

    public static Task<CaseRow?> AnyLocked(NpgsqlConnection db, Guid id) =>
        db.QuerySingleOrDefaultAsync<CaseRow>($"select {Columns} from case_file where id = @id for update", new { id });

    /// <summary>The case, if it is assigned to this physician; whether it may be read is another question (<see cref="MayRead"/>).</summary>
    public static Task<CaseRow?> AssignedTo(NpgsqlConnection db, Guid physicianId, Guid id, bool locked = false) => db.QuerySingleOrDefaultAsync<CaseRow>(
        $"select {Columns} from case_file where id = @id and assigned_physician = @physicianId{(locked ? " for update" : "")}", new { id, physicianId });

    /// <summary>
    /// Does the assigned physician still have a reason to read: the patient agrees, the case is theirs to work on, and after the delivery some time for
    /// corrections and questions. Asked at each read.
    /// </summary>
    public static async Task<bool> MayRead(NpgsqlConnection db, CaseRow file, DateTimeOffset now) =>
        file.State.Value is CaseState.Assigned or CaseState.AwaitingInformation or CaseState.Delivered or CaseState.Closed
        && !(file.StoppedAt < now - AfterDelivery)
        && await db.ExecuteScalarAsync<bool>($"select {Consent("processing")} from case_file where id = @Id", new { file.Id });

    /// <summary>SQL: the patient's last word on a purpose; null when nothing was said.</summary>
    internal static string Consent(string purpose) =>
        $"(select granted from consent where consent.case_id = case_file.id and purpose = '{purpose}' order by position desc limit 1)";

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
            new { mine.Patient, mine.Agent, mine.Physician, after, limit })).AsList();
    }
}

/// <summary>
/// Whose cases a caller sees, derived at each read from role, state and consent. A patient: the own ones. An agent: those that this agent opened, while there
/// is something to help with. A physician who asked for a patient: while the request is being written, then only as long as the patient agrees to the
/// téléexpertise. What is archived is nobody's, until it is opened again.
/// </summary>
internal readonly record struct CaseOwner(Guid? Patient, string? Agent, string? Physician)
{
    public static readonly string Condition =
        $"""
        ((archived_at is null or reopened_until > now())
          and (patient_id = @Patient
            or ((opened_by = @Agent and state in ('draft', 'submitted', 'incomplete', 'awaiting_information')
              or opened_by = @Physician and state <> 'withdrawn'
                and coalesce({CaseRows.Consent("teleexpertise")}, state in ('draft', 'submitted', 'incomplete')))
            and {CaseRows.Consent("processing")} is distinct from false)))
        """;

    public static CaseOwner Of(ClaimsPrincipal user) => user.Role() switch
    {
        Roles.Patient => new CaseOwner(user.PatientId(), null, null),
        Roles.Physician => new CaseOwner(null, null, OpenerOf(Roles.Physician, user)),
        var role => new CaseOwner(null, OpenerOf(role, user), null),
    };

    /// <summary>The pseudonym of the physician who opened the case; null when it was somebody else.</summary>
    public static Guid? AskingPhysician(string openedBy) =>
        openedBy.Split(':') is [Roles.Physician, var id] && Guid.TryParse(id, out var physician) ? physician : null;

    /// <summary>Kept with the case: the account that opened it, told apart by role.</summary>
    public static string OpenerOf(string role, ClaimsPrincipal user) =>
        role == Roles.Physician ? $"physician:{user.PhysicianId()}" : $"{role}:{user.Subject()}";
}
