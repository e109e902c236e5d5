using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.Intake.Information;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Overview;

/// <summary>A case as its patient sees it.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="State">Where it stands, e.g. <c>awaiting_information</c>.</param>
/// <param name="AllowedMoves">What the caller can ask for now, each by its operation: <c>submit</c> (SubmitCase), <c>provide_information</c>
/// (AnswerInformationRequest), <c>close</c> (CloseCase), <c>withdraw</c> (WithdrawCase).</param>
/// <param name="RequestedBy">Who opened it: <c>patient</c>, <c>relative</c>, <c>agent</c> or <c>physician</c>.</param>
/// <param name="LegalRegime">What the law calls the act (R.6316-1 of the Code de la santé publique): <c>teleexpertise</c> when a physician asks and
/// the patient agrees, else <c>teleconseil_personnalise</c>.</param>
/// <param name="Pathology">The disease that it is about.</param>
/// <param name="Coverage">Whether the complementary insurer pays.</param>
/// <param name="Redirection">Where to go instead, when the emergency screen says so; else null.</param>
/// <param name="Alarm">An answer that cannot wait was given: whom to call. The case stands still until the answer is changed.</param>
/// <param name="Questionnaire">Code of the questionnaire of the disease's family.</param>
/// <param name="QuestionnaireVersion">Its version when the case was opened; it stays.</param>
/// <param name="GeneralVersion">Version of the general questionnaire when the case was opened; it stays.</param>
/// <param name="OpenedAt">When it was opened.</param>
/// <param name="SubmittedAt">When it was submitted; null before.</param>
/// <param name="CompletedAt">When the file was found complete and the 7-day clock started; null before.</param>
/// <param name="DueAt">End of the 7-day promise as it stands now; null before the file is complete.</param>
/// <param name="ClockPaused">True while the physician waits for an answer: the clock stands still.</param>
/// <param name="RemainingSeconds">What is left of the promise; negative when late; it stands still while <paramref name="ClockPaused"/>.</param>
/// <param name="Missing">What the file lacks before it can be complete.</param>
/// <param name="Consents">The latest choice for each purpose.</param>
/// <param name="Documents">In the order of their upload.</param>
/// <param name="InformationRequests">The physician's questions, with the answers.</param>
/// <param name="Timeline">Every change of state, oldest first.</param>
/// <param name="Patient">Who is ill, with the social security number masked.</param>
/// <param name="Language">In which the patient wants to be answered, ISO 639-1.</param>
/// <param name="ExpectedAt">When the opinion is expected, as the physician's last ones let hope; null before somebody has accepted, while the clock
/// stands still, and once it is there.</param>
/// <param name="PhysicianChoice">Why the physician who has the case was chosen, in French and without a name; null before somebody has accepted.</param>
[HealthData]
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
    CasePatientView Patient,
    string Language,
    DateTimeOffset? ExpectedAt,
    string? PhysicianChoice);

/// <summary>The disease that a case is about.</summary>
/// <param name="Code">Code of the catalogue, e.g. <c>endometriose</c>.</param>
/// <param name="Name">French name.</param>
/// <param name="SpecialtyCode">Main specialty, R38 code, e.g. <c>SM20</c>.</param>
/// <param name="DocumentsHelping">Documents that help the expert, by their codes.</param>
/// <param name="InPersonAdvice">Why this disease is better seen in person; null when an opinion on the file is fine.</param>
[HealthData]
internal sealed record CasePathology(string Code, string Name, string SpecialtyCode, IReadOnlyList<string> DocumentsHelping, string? InPersonAdvice);

/// <summary>What the complementary insurer said.</summary>
/// <param name="Status"><c>covered</c>, <c>reserved</c>, <c>pending</c> (the insurer is being asked), <c>refused</c> or <c>none</c>.</param>
/// <param name="InsurerName">Null when there is none or it is not known.</param>
/// <param name="EngagementNumber">The insurer's guarantee, once the use is reserved.</param>
/// <param name="RefusalCode">Why it does not pay; stable; null when it does.</param>
/// <param name="RefusalText">The same as a French sentence for the patient.</param>
internal sealed record CaseCoverageView(string Status, string? InsurerName, string? EngagementNumber, string? RefusalCode, string? RefusalText);

/// <summary>A choice about one purpose.</summary>
/// <param name="Purpose">What the consent is for, e.g. <c>processing</c>.</param>
/// <param name="Granted">False when refused or taken back.</param>
/// <param name="TextVersion">Version of the text that was read.</param>
/// <param name="At">When the choice was made.</param>
internal sealed record CaseConsentView(string Purpose, bool Granted, int TextVersion, DateTimeOffset At);

/// <summary>One change of state.</summary>
/// <param name="Sequence">Counts the changes of the case from 1.</param>
/// <param name="Move">What happened, e.g. <c>submit</c>.</param>
/// <param name="From">State before.</param>
/// <param name="To">State after.</param>
/// <param name="At">When.</param>
internal sealed record CaseTimelineEntry(int Sequence, string Move, string From, string To, DateTimeOffset At);

/// <summary>Who is ill.</summary>
/// <param name="BirthName">Nom de naissance.</param>
/// <param name="GivenNames">Prénoms de naissance, in their order.</param>
/// <param name="Sex"><c>F</c> or <c>M</c>, as in the civil register.</param>
/// <param name="BirthDate">Date of birth.</param>
/// <param name="Nir">Masked.</param>
internal sealed record CasePatientView(string BirthName, IReadOnlyList<string> GivenNames, string Sex, DateOnly BirthDate, string? Nir);

/// <summary>One line of a list of cases.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="State">Where it stands, e.g. <c>draft</c>.</param>
/// <param name="PathologyCode">Code of the catalogue.</param>
/// <param name="PathologyName">French name of the disease.</param>
/// <param name="Coverage"><c>covered</c>, <c>reserved</c>, <c>pending</c>, <c>refused</c> or <c>none</c>.</param>
/// <param name="OpenedAt">When it was opened.</param>
/// <param name="DueAt">End of the 7-day promise as it stands now; null before the file is complete.</param>
/// <param name="Alarm"><c>emergency</c> or <c>suicidal_thoughts</c> while an answer says so, for an agent to see at a glance; else null.</param>
internal sealed record CaseSummary(
    Guid CaseId, string State, [property: HealthData] string PathologyCode, [property: HealthData] string PathologyName, string Coverage,
    DateTimeOffset OpenedAt, DateTimeOffset? DueAt, [property: HealthData] string? Alarm);

/// <summary>Puts the views together.</summary>
internal static class CaseViews
{
    public static CaseSummary Summary(CaseRow file, PathologyCatalogue catalogue) => new(
        file.Id, file.State.Text, file.PathologyCode, NameOf(catalogue, file.PathologyCode), file.Coverage.Text, file.OpenedAt, file.DueAt, file.Alarm);

    public static async Task<CaseView> Of(
        NpgsqlConnection db, CaseKey key, CaseRow file, string role, PathologyCatalogue catalogue, QuestionnaireBook questionnaires, DateTimeOffset now)
    {
        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient;
        var clock = file.Clock;
        return new CaseView(
            file.Id,
            file.State.Text,
            [.. CaseWords.Open(file.State.Value, role).Select(m => m.Word())],
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
                person.Nir is { } nir ? Contracts.Identifiers.Nir.Parse(nir).ToString() : null),
            file.Language,
            file is { State.Value: CaseState.Assigned, PausedSince: null } ? file.DueAt - file.ExpectedAhead : null,
            PhysicianChoice.Of(file.ChoiceBasis, file.ChoiceConsidered));
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
                select id, type_code, media_type, coalesce(rendition_size, shown_size, size_bytes) as size_bytes,
                  coalesce(rendition_sha256, shown_sha256, sha256) as sha256, sealed_name, uploaded_at, active_content, document_date,
                  coalesce(rendition_type, media_type) as download_media_type, sealed_preview_key is not null as has_preview, sealed_facts,
                  (select min(twin.id::text)::uuid from document twin
                      where twin.case_id = document.case_id and twin.sha256 = document.sha256 and twin.id < document.id) as duplicate_of
                from document
                where case_id = @caseId
                order by id
                """,
                new { caseId })).Select(d => new CaseDocumentView(
                    d.Id, d.TypeCode, key.Open<string>(DocumentColumns.Name.Of(d.Id), d.SealedName), d.MediaType, d.SizeBytes, d.Sha256, d.UploadedAt,
                        d.ActiveContent, d.DocumentDate, d.DuplicateOf, d.DownloadMediaType, d.HasPreview,
                        d.SealedFacts is { } facts ? key.Open<DocumentFacts>(DocumentColumns.Facts.Of(d.Id), facts) : null)),
        ];

    public static async Task<IReadOnlyList<InformationRequestView>> Requests(NpgsqlConnection db, CaseKey key, Guid caseId) =>
        [
            .. (await db.QueryAsync<RequestRow>(
                """
                select id, sealed_question, requested_at, sealed_answer, provided_at, lapsed_at
                from information_request
                where case_id = @caseId
                order by requested_at, id
                """,
                new { caseId })).Select(r => new InformationRequestView(
                    r.Id,
                    key.Open<string>(RequestColumns.Question.Of(r.Id), r.SealedQuestion),
                    r.RequestedAt,
                    r.SealedAnswer is { } answer ? key.Open<string>(RequestColumns.Answer.Of(r.Id), answer) : null,
                    r.ProvidedAt,
                    r.LapsedAt)),
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
        DateTimeOffset UploadedAt, bool ActiveContent, DateOnly? DocumentDate, string DownloadMediaType, bool HasPreview, byte[]? SealedFacts,
        Guid? DuplicateOf);

    private sealed record RequestRow(Guid Id, byte[] SealedQuestion, DateTimeOffset RequestedAt, byte[]? SealedAnswer, DateTimeOffset? ProvidedAt,
        DateTimeOffset? LapsedAt);
}
