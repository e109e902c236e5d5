using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.Intake.Geography;
using SecondOpinion.Intake.Overview;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Submission;

/// <summary>Opens a case: the emergency screen first, then who is ill, then the coverage, asked before anything is written.</summary>
internal static class OpenCase
{
    /// <summary>A case to be opened: who is ill, with what, and who pays.</summary>
    /// <param name="PathologyCode">Code of the catalogue, e.g. <c>endometriose</c>.</param>
    /// <param name="Safety">The emergency screen, asked before anything else.</param>
    /// <param name="Patient">Who is ill.</param>
    /// <param name="Coverage">The complementary insurer; without one the case is refused and other ways are shown.</param>
    /// <param name="PatientId">The patient's account; required from agents and physicians, absent otherwise.</param>
    /// <param name="Relative">Filled in when the account belongs to a relative who acts for the patient.</param>
    /// <param name="TreatingEstablishment">FINESS of the place that treats the patient: no expert who works there, or in its legal entity, is asked.</param>
    /// <param name="PlaceOfCare">Without an establishment: <c>none</c> (nobody treats the patient in one) or <c>unknown</c>; asked again before the file is
    /// complete when both are left out.</param>
    /// <param name="TreatingPhysician">The patient's physician, who gets the opinion only with the patient's consent, and never gives it.</param>
    /// <param name="CoordinatingPhysician">Who coordinates the care, when it is somebody else; never gives the opinion either.</param>
    /// <param name="PatientConsentObtained">A physician who asks for a patient states that the patient (of a minor, whoever has parental authority) was told
    /// and agrees; this is kept as a consent. Without it there is no téléexpertise (L.1110-4, R.6316-1 and following).</param>
    /// <param name="Language">In which the patient wants to be answered; French when left out. Only a physician who knows it is asked.</param>
    /// <param name="ResidenceCommune">INSEE code of the commune of residence; only the département leaves intake.</param>
    internal sealed record OpenCaseRequest(
        [property: HealthData, Form("pathology-code", "endometriose")] string PathologyCode,
        SafetyAnswers Safety,
        CasePerson Patient,
        CaseCoverageRequest? Coverage = null,
        Guid? PatientId = null,
        CaseRelative? Relative = null,
        [property: Form("finess", "990000017")] string? TreatingEstablishment = null,
        CaseTreatingPhysician? TreatingPhysician = null,
        bool? PatientConsentObtained = null,
        [property: Form("insee-commune", "69123")] string? ResidenceCommune = null,
        [property: Codes(typeof(PlacesOfCare), nameof(PlacesOfCare.WithoutEstablishment))] string? PlaceOfCare = null,
        CaseTreatingPhysician? CoordinatingPhysician = null,
        [property: Codes(typeof(SpokenLanguage), nameof(SpokenLanguage.Codes))] string? Language = null);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Refuses(Problems.CoverageQuestionInvalid, Problems.TooManyOpenCases, Problems.TooManyCoverageChecks, Problems.AccountBound,
            Problems.MinorAlone)
        .WithName("OpenCase")
        .WithSummary("Open a case")
        .WithDescription(
            "A person has few open cases at a time. The answer tells the state: `draft` to fill in, `redirected` with where to go instead, or `refused` with "
            + "the insurer's reason. When billing is away the coverage is `pending` and settles by itself.");

    private static async Task<Results<Once<Created<CaseView>>, Problem>> Handle(
        OpenCaseRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, PathologyCatalogue catalogue,
        QuestionnaireBook questionnaires,
        Communes communes, Keyring keyring, CoverageDesk desk, CaseOptions options, TimeProvider time, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var requester = Requester.Of(user, request);
        var errors = Faults(request, requester, catalogue, communes, FrenchTime.Day(now));
        if (errors.Count > 0)
        {
            return CommonProblems.Invalid([.. errors]);
        }

        var id = Guid.CreateVersion7(now);
        var otherDoor = SafetyScreen.Judge(request.Safety);
        // Whoever needs help now is told so first, whatever their age.
        if (otherDoor is null && requester.Kind is (RequestedBy.Patient or RequestedBy.Agent)
            && request.Patient.AgeOn(FrenchTime.Day(now)) < CaseRelative.AdultFrom)
        {
            return Problems.AskedByMinor();
        }

        var question = request.Coverage is { } coverage ? CoverageQuestion.From(coverage, request.Patient.BirthDate) : null;
        // Looked at here so that nobody is asked for a case that cannot be; decided under the lock below.
        var full = await OpenCases.AreAsManyAsAllowed(dataSource, requester.PatientId, options, cancel);
        CoverageAnswer? answer = (otherDoor, question) switch
        {
            (not null, _) => null,
            _ when full => null,
            (_, null) =>
                new CoverageAnswer.Refused(null, null, "no_partner_insurer",
                    "Sans complémentaire santé partenaire, le dossier n'est pas pris en charge. Le fonds de solidarité peut payer (l'assistance le demande "
                        + "avec vous), ou vous payez par virement ; ouvrez ensuite un nouveau dossier. D'autres solutions : voir l'orientation."),
            _ => await desk.Check(id, new CoverageAsker(CaseOwner.OpenerOf(user.Role(), user), requester.PatientId), question, cancel),
        };
        if (Unanswered(answer) is { } unanswered)
        {
            return unanswered;
        }

        return await Idempotent.Run<OpenCaseRequest, Created<CaseView>>(dataSource, http, request, async db =>
        {
            if (await OpenCases.Refusal(db, requester.PatientId, options) is { } refusal)
            {
                return refusal;
            }

            using var key = await CaseKey.OfOrNew(db, keyring, id);
            var file = await Insert(db, key, id, request, requester, user, catalogue[request.PathologyCode], questionnaires, communes, question, now);
            if (requester.LegalRegime == LegalRegime.Teleexpertise)
            {
                await RecordConsent.Insert(db, user, id, ConsentText.Latest(ConsentText.Teleexpertise)!, granted: true, now);
            }

            await Outbox.Publish(db, id, new CaseOpened
            {
                CaseId = id,
                PathologyCode = request.PathologyCode,
                // Who insures is told by billing once the coverage is reserved: no one message joins insurer, disease and département.
                InsurerId = null,
                Coverage = StatusOf(answer).Word(),
                RequestedBy = requester.Kind.Word(),
                DepartmentCode = file.DepartmentCode,
                OpenedAt = now,
            });
            if (otherDoor is not null)
            {
                file = await Redirect(db, file, otherDoor, now);
            }
            else if (answer is not null)
            {
                file = await CoverageRecord.Keep(db, file, answer, reserved: false, now);
            }

            return TypedResults.Created($"/api/v1/cases/{id}", await CaseViews.Of(db, key, file, user.Role(), catalogue, questionnaires, now));
        });
    }

    private static Problem? Unanswered(CoverageAnswer? answer) => answer switch
    {
        CoverageAnswer.Unreadable => Problems.MemberUnreadable(),
        CoverageAnswer.TooMany => Problems.CheckedTooOften(),
        CoverageAnswer.OtherFamily => Problems.OtherFamilies(),
        _ => null,
    };

    private sealed record Requester(RequestedBy Kind, Guid PatientId, LegalRegime LegalRegime)
    {
        public static Requester Of(ClaimsPrincipal user, OpenCaseRequest request) => user.Role() switch
        {
            Roles.Patient => new Requester(request.Relative is null ? RequestedBy.Patient
                : RequestedBy.Relative, user.PatientId(), LegalRegime.TeleconseilPersonnalise),
            Roles.Physician =>
                new Requester(RequestedBy.Physician, request.PatientId ?? Guid.Empty,
                    LegalRegimes.Of(RequestedBy.Physician, request.PatientConsentObtained == true)),
            _ => new Requester(RequestedBy.Agent, request.PatientId ?? Guid.Empty, LegalRegime.TeleconseilPersonnalise),
        };
    }

    private static List<FieldError> Faults(OpenCaseRequest request, Requester requester, PathologyCatalogue catalogue, Communes communes, DateOnly today)
    {
        var errors = request.Patient.Faults("#/patient", today).ToList();
        if (!catalogue.TryGet(request.PathologyCode, out _))
        {
            errors.Add(new FieldError("#/pathologyCode", "unknown_pathology", "Cette maladie n'est pas dans notre catalogue. Cherchez-la par son nom."));
        }

        if (request.Safety.Signs.FirstOrDefault(s => !SafetyScreen.Signs.ContainsKey(s)) is not null)
        {
            errors.Add(new FieldError("#/safety/signs", "unknown_code", "Un de ces signes n'est pas dans la liste.", [.. SafetyScreen.Signs.Keys]));
        }

        if (request.Coverage is { } coverage)
        {
            errors.AddRange(coverage.Faults("#/coverage"));
        }

        errors.AddRange(request.Relative?.Faults("#/relative", request.Patient.AgeOn(today)) ?? []);
        if (requester.Kind is RequestedBy.Agent or RequestedBy.Physician)
        {
            if (request.PatientId is null || request.PatientId == Guid.Empty)
            {
                errors.Add(new FieldError("#/patientId", "missing", "Indiquez le compte de la personne malade."));
            }

            if (request.Relative is not null)
            {
                errors.Add(new FieldError("#/relative", "not_for_this_role", "Seul un proche ouvre un dossier en tant que proche."));
            }
        }
        else if (request.PatientId is { } other && other != requester.PatientId)
        {
            errors.Add(new FieldError("#/patientId", "not_for_this_role", "Vous ouvrez un dossier depuis votre propre compte."));
        }

        if (requester.Kind == RequestedBy.Physician && request.PatientConsentObtained != true)
        {
            errors.Add(new FieldError("#/patientConsentObtained", "must_be_true",
                "Sans l'accord du patient, il n'y a pas de téléexpertise. Le patient peut demander lui-même un deuxième avis."));
        }

        if (requester.Kind != RequestedBy.Physician && request.PatientConsentObtained is not null)
        {
            errors.Add(new FieldError("#/patientConsentObtained", "not_for_this_role", "Seul un médecin atteste de l'accord du patient."));
        }

        if (request.Language is { } language && !SpokenLanguage.Codes.Contains(language))
        {
            errors.Add(new FieldError("#/language", "unknown_code", "Cette langue n'est pas dans la liste.", SpokenLanguage.Codes));
        }

        errors.AddRange(PlacesOfCare.Faults("#", request.TreatingEstablishment, request.PlaceOfCare));
        errors.AddRange(request.TreatingPhysician?.Faults("#/treatingPhysician") ?? []);
        errors.AddRange(request.CoordinatingPhysician?.Faults("#/coordinatingPhysician") ?? []);
        if (request.ResidenceCommune is { } commune && communes.DepartmentOf(commune) is null)
        {
            errors.Add(new FieldError("#/residenceCommune", "unknown_commune", "Ce code de commune n'existe pas dans le code officiel géographique."));
        }

        return errors;
    }

    private static async Task<CaseRow> Insert(
        NpgsqlConnection db, CaseKey key, Guid id, OpenCaseRequest request, Requester requester, ClaimsPrincipal user, Pathology pathology,
        QuestionnaireBook questionnaires, Communes communes, CoverageQuestion? question, DateTimeOffset now)
    {
        var asked = questionnaires.LatestOf(pathology.Family);
        // A physician who asks is the one who treats, unless another is named.
        var physician = request.TreatingPhysician is { } named ? named.Clean()
            : requester.Kind == RequestedBy.Physician ? new CaseTreatingPhysician(user.Rpps().Value)
            : null;
        return await db.QuerySingleAsync<CaseRow>(
            $"""
            insert into case_file (
              id, patient_id, requested_by, opened_by, legal_regime, state, pathology_code, specialty_code, department_code, treating_establishment,
              place_of_care, sealed_person, questionnaire_code, questionnaire_version, general_version, coverage, sealed_coverage_question, opened_at,
              language)
            values (
              @id, @PatientId, @Kind, @OpenedBy, @LegalRegime, 'draft', @PathologyCode, @Specialty, @Department, @Establishment,
              @PlaceOfCare, @Person, @Questionnaire, @Version, @GeneralVersion, 'none', @Question, @now,
              @Language)
            returning {CaseRows.Columns}
            """,
            new
            {
                id,
                requester.PatientId,
                Kind = (Word<RequestedBy>)requester.Kind,
                OpenedBy = CaseOwner.OpenerOf(user.Role(), user),
                LegalRegime = (Word<LegalRegime>)requester.LegalRegime,
                request.PathologyCode,
                pathology.Specialty,
                Department = request.ResidenceCommune is { } commune ? communes.DepartmentOf(commune) : null,
                Establishment = request.TreatingEstablishment is { } finess ? Finess.Parse(finess).Value : null,
                PlaceOfCare = PlacesOfCare.Of(request.TreatingEstablishment, request.PlaceOfCare),
                Person = key.Seal(
                    CaseColumns.Person, new SealedPerson(request.Patient, request.Relative, physician, request.CoordinatingPhysician?.Clean())),
                Questionnaire = asked.Code,
                asked.Version,
                GeneralVersion = questionnaires.LatestOf(QuestionnaireBook.General).Version,
                Question = question is null ? null : key.Seal(CaseColumns.CoverageQuestion, question),
                now,
                Language = request.Language ?? SpokenLanguage.French,
            });
    }

    private static CoverageStatus StatusOf(CoverageAnswer? answer) => answer switch
    {
        CoverageAnswer.Covered => CoverageStatus.Covered,
        CoverageAnswer.Pending => CoverageStatus.Pending,
        CoverageAnswer.Refused => CoverageStatus.Refused,
        _ => CoverageStatus.None,
    };

    private static async Task<CaseRow> Redirect(NpgsqlConnection db, CaseRow file, OtherDoor otherDoor, DateTimeOffset now)
    {
        file = await db.QuerySingleAsync<CaseRow>(
            $"update case_file set redirected_to = @Code, sealed_coverage_question = null where id = @Id returning {CaseRows.Columns}",
            new { otherDoor.Code, file.Id });
        return await CaseTransition.IfAllowed(db, file, CaseMove.Redirect, now) ?? file;
    }
}
