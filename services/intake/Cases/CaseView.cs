using Dapper;
using Npgsql;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Orientation;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.PhysicianAccess;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Cases;

/// <summary>A case as its patient sees it.</summary>
/// <param name="State">Where it stands, e.g. <c>awaiting_information</c>.</param>
/// <param name="AllowedMoves">What can happen to it next.</param>
/// <param name="Alarm">An answer that cannot wait was given: whom to call. The case stands still until the answer is changed.</param>
/// <param name="DueAt">End of the 7-day promise as it stands now; null before the file is complete.</param>
/// <param name="RemainingSeconds">What is left of the promise; negative when late; it stands still while <paramref name="ClockPaused"/>.</param>
/// <param name="Missing">What the file lacks before it can be complete.</param>
internal sealed record CaseView(
    Guid CaseId,
    string State,
    IReadOnlyList<string> AllowedMoves,
    string RequestedBy,
    string LegalRegime,
    CasePathology Pathology,
    CaseCoverageView Coverage,
    OtherDoor? Redirection,
    OtherDoor? Alarm,
    string Questionnaire,
    int QuestionnaireVersion,
    int GeneralVersion,
    DateTimeOffset OpenedAt,
    DateTimeOffset? SubmittedAt,
    DateTimeOffset? CompletedAt,
    DateTimeOffset? DueAt,
    bool ClockPaused,
    long? RemainingSeconds,
    IReadOnlyList<MissingItem> Missing,
    IReadOnlyList<CaseConsentView> Consents,
    IReadOnlyList<CaseDocumentView> Documents,
    IReadOnlyList<InformationRequestView> InformationRequests,
    IReadOnlyList<CaseTimelineEntry> Timeline,
    CasePatientView Patient);

/// <param name="InPersonAdvice">Why this disease is better seen in person; null when an opinion on the file is fine.</param>
internal sealed record CasePathology(string Code, string Name, string SpecialtyCode, IReadOnlyList<string> DocumentsHelping, string? InPersonAdvice);

/// <param name="Status"><c>covered</c>, <c>reserved</c>, <c>pending</c> (the insurer is being asked), <c>refused</c> or <c>none</c>.</param>
internal sealed record CaseCoverageView(string Status, string? InsurerName, string? EngagementNumber, string? RefusalCode, string? RefusalText);

internal sealed record CaseConsentView(string Purpose, bool Granted, int TextVersion, DateTimeOffset At);

/// <param name="SizeBytes">Of what a download gives.</param>
/// <param name="Sha256">Of what a download gives.</param>
/// <param name="ActiveContent">The file holds scripts, actions or files within: it is only saved, never opened in place.</param>
internal sealed record CaseDocumentView(
    Guid DocumentId, string TypeCode, string FileName, string MediaType, long SizeBytes, string Sha256, DateTimeOffset UploadedAt, bool ActiveContent);

internal sealed record InformationRequestView(Guid RequestId, string Text, DateTimeOffset RequestedAt, string? Answer, DateTimeOffset? ProvidedAt);

internal sealed record CaseTimelineEntry(int Sequence, string Move, string From, string To, DateTimeOffset At);

/// <param name="Nir">Masked.</param>
internal sealed record CasePatientView(string BirthName, IReadOnlyList<string> GivenNames, string Sex, DateOnly BirthDate, string? Nir);

/// <summary>One line of a list of cases.</summary>
/// <param name="Alarm"><c>emergency</c> or <c>suicidal_thoughts</c> while an answer says so, for an agent to see at a glance; else null.</param>
internal sealed record CaseSummary(
    Guid CaseId, string State, string PathologyCode, string PathologyName, string Coverage, DateTimeOffset OpenedAt, DateTimeOffset? DueAt, string? Alarm);

/// <summary>Puts the views together.</summary>
internal static class CaseViews
{
    public static CaseSummary Summary(CaseRow file, PathologyCatalogue catalogue) => new(
        file.Id, file.State.Text, file.PathologyCode, NameOf(catalogue, file.PathologyCode), file.Coverage.Text, file.OpenedAt, file.DueAt, file.Alarm);

    public static async Task<CaseView> Of(
        NpgsqlConnection db, CaseKey key, CaseRow file, PathologyCatalogue catalogue, QuestionnaireBook questionnaires, DateTimeOffset now)
    {
        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient;
        var clock = file.Clock;
        return new CaseView(
            file.Id,
            file.State.Text,
            [.. CaseLife.AllowedFrom(file.State.Value).Select(m => m.Word())],
            file.RequestedBy.Text,
            file.LegalRegime.Text,
            Pathology(catalogue, file.PathologyCode, file.SpecialtyCode),
            new CaseCoverageView(file.Coverage.Text, file.InsurerName, file.EngagementNumber, file.RefusalCode, file.RefusalText),
            SafetyScreen.Find(file.RedirectedTo),
            SafetyScreen.Find(file.Alarm),
            file.QuestionnaireCode,
            file.QuestionnaireVersion,
            file.GeneralVersion,
            file.OpenedAt,
            file.SubmittedAt,
            file.CompletedAt,
            file.DueAt,
            file.PausedSince is not null,
            clock is { } running ? (long)running.Remaining(now).TotalSeconds : null,
            CaseLife.IsBeingWritten(file.State.Value) ? await Completeness.Of(db, key, file, catalogue, questionnaires, now) : [],
            await Consents(db, file.Id),
            await Documents(db, key, file.Id),
            await Requests(db, key, file.Id),
            await Timeline(db, file.Id),
            new CasePatientView(
                person.BirthName, person.GivenNames, person.Sex, person.BirthDate,
                person.Nir is { } nir ? Contracts.Identifiers.Nir.Parse(nir).ToString() : null));
    }

    public static async Task<IReadOnlyList<CaseConsentView>> Consents(NpgsqlConnection db, Guid caseId) =>
        [
            .. await db.QueryAsync<CaseConsentView>(
                """
                select distinct on (purpose) purpose, granted, text_version, at
                from consent
                where case_id = @caseId
                order by purpose, position desc
                """,
                new { caseId }),
        ];

    public static async Task<IReadOnlyList<CaseDocumentView>> Documents(NpgsqlConnection db, CaseKey key, Guid caseId) =>
        [
            .. (await db.QueryAsync<DocumentRow>(
                """
                select id, type_code, media_type, coalesce(shown_size, size_bytes) as size_bytes, coalesce(shown_sha256, sha256) as sha256, sealed_name, uploaded_at, active_content
                from document
                where case_id = @caseId
                order by id
                """,
                new { caseId })).Select(d => new CaseDocumentView(
                    d.Id, d.TypeCode, key.Open<string>(DocumentColumns.Name.Of(d.Id), d.SealedName), d.MediaType, d.SizeBytes, d.Sha256, d.UploadedAt,
                        d.ActiveContent)),
        ];

    public static async Task<IReadOnlyList<InformationRequestView>> Requests(NpgsqlConnection db, CaseKey key, Guid caseId) =>
        [
            .. (await db.QueryAsync<RequestRow>(
                """
                select id, sealed_question, requested_at, sealed_answer, provided_at
                from information_request
                where case_id = @caseId
                order by requested_at, id
                """,
                new { caseId })).Select(r => new InformationRequestView(
                    r.Id,
                    key.Open<string>(RequestColumns.Question.Of(r.Id), r.SealedQuestion),
                    r.RequestedAt,
                    r.SealedAnswer is { } answer ? key.Open<string>(RequestColumns.Answer.Of(r.Id), answer) : null,
                    r.ProvidedAt)),
        ];

    private static async Task<IReadOnlyList<CaseTimelineEntry>> Timeline(NpgsqlConnection db, Guid caseId) =>
        [
            .. await db.QueryAsync<CaseTimelineEntry>(
                """select sequence, move, from_state as "from", to_state as "to", at from case_move where case_id = @caseId order by sequence""",
                new { caseId }),
        ];

    /// <summary>A pathology that later left the catalogue still shows, by its code.</summary>
    public static string NameOf(PathologyCatalogue catalogue, string code) => catalogue.TryGet(code, out var pathology) ? pathology.Name : code;

    private static CasePathology Pathology(PathologyCatalogue catalogue, string code, string specialty) => catalogue.TryGet(code, out var pathology)
        ? new CasePathology(code, pathology.Name, specialty, pathology.Documents, pathology.InPerson is { } rule ? catalogue.InPersonReasons[rule] : null)
        : new CasePathology(code, code, specialty, [], null);

    private sealed record DocumentRow(Guid Id, string TypeCode, string MediaType, long SizeBytes, string Sha256, byte[] SealedName,
        DateTimeOffset UploadedAt, bool ActiveContent);

    private sealed record RequestRow(Guid Id, byte[] SealedQuestion, DateTimeOffset RequestedAt, byte[]? SealedAnswer, DateTimeOffset? ProvidedAt);
}
