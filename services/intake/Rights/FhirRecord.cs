using System.Text.Json.Nodes;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Fhir;

namespace SecondOpinion.Intake.Rights;

/// <summary>
/// A whole case as one FHIR R4 collection, for the person who takes it along: who it is (French core profile of the INS when the identity is qualified), what
/// was answered, what was agreed to, the documents by their place in the archive, and who accessed it, as AuditEvents of IHE's Basic Audit Log Patterns.
/// </summary>
internal static class FhirRecord
{
    private const string Uuid = "urn:uuid:";
    private const string Service = "SecondOpinion";
    private const string Balp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient";
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string EntityTypes = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    private const string EntityRoles = "http://terminology.hl7.org/CodeSystem/object-role";

    /// <summary>What the person agreed to, or took back.</summary>
    internal sealed record Given(Guid Id, string Purpose, bool Granted, int TextVersion, DateTimeOffset At);

    /// <param name="file">The case.</param>
    /// <param name="person">Who it is about.</param>
    /// <param name="answers">The answers as <see cref="FhirQuestionnaire.Response"/> gives them.</param>
    /// <param name="consents">In the order in which they were given.</param>
    /// <param name="documents">Each with its place in the archive.</param>
    /// <param name="accesses">Who read or changed it.</param>
    /// <param name="now">When this was put together.</param>
    public static string Of(
        CaseRow file, CasePerson person, JsonObject answers, IReadOnlyList<Given> consents,
        IReadOnlyList<(string Path, DownloadDocument.Readable Document)> documents, IReadOnlyList<ShowAccesses.FileAccess> accesses, DateTimeOffset now)
    {
        var patient = Reference(file.PatientId);
        var bundle = new Bundle { Type = Bundle.BundleType.Collection, Timestamp = now };
        Add(file.PatientId, Person(person));
        var response = (QuestionnaireResponse)new FhirJsonDeserializer().DeserializeResource(answers.ToJsonString());
        response.Subject = patient;
        Add(file.Id, response);
        foreach (var consent in consents)
        {
            Add(consent.Id, Agreement(consent, patient));
        }

        foreach (var (path, document) in documents)
        {
            Add(document.Id, Document(path, document, patient));
        }

        foreach (var access in accesses)
        {
            Add(Guid.CreateVersion7(access.At), Access(access, patient));
        }

        return bundle.ToJson();

        void Add(Guid id, Resource resource)
        {
            resource.Id = id.ToString();
            bundle.Entry.Add(new Bundle.EntryComponent { FullUrl = Uuid + id, Resource = resource });
        }
    }

    private static Patient Person(CasePerson person)
    {
        var patient = new Patient
        {
            Gender = person.Sex == "F" ? AdministrativeGender.Female : AdministrativeGender.Male,
            BirthDateElement = new Date(person.BirthDate.Year, person.BirthDate.Month, person.BirthDate.Day),
            Name = [new HumanName { Use = HumanName.NameUse.Official, Family = person.BirthName, Given = person.GivenNames }],
        };
        if (person.Ins is { } ins)
        {
            // The matricule travels with a qualified identity only, which is the only one that is kept.
            patient.Meta = new Meta { Profile = ["https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins"] };
            patient.Identifier.Add(new Identifier("urn:oid:" + ins.Oid, ins.Matricule) { Use = Identifier.IdentifierUse.Official });
        }

        if (person.Email is not null)
        {
            patient.Telecom.Add(new ContactPoint(ContactPoint.ContactPointSystem.Email, null, person.Email));
        }

        if (person.Phone is not null)
        {
            patient.Telecom.Add(new ContactPoint(ContactPoint.ContactPointSystem.Phone, null, person.Phone));
        }

        return patient;
    }

    private static Consent Agreement(Given given, ResourceReference patient) => new()
    {
        Status = given.Granted ? Consent.ConsentState.Active : Consent.ConsentState.Inactive,
        Scope = new CodeableConcept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        Category = [new CodeableConcept { Text = given.Purpose }],
        Patient = patient,
        DateTimeElement = new FhirDateTime(given.At),
        PolicyRule = new CodeableConcept { Text = $"{given.Purpose}, version {given.TextVersion}" },
        Provision = new Consent.provisionComponent
        {
            Type = given.Granted ? Consent.ConsentProvisionType.Permit : Consent.ConsentProvisionType.Deny,
        },
    };

    private static DocumentReference Document(string path, DownloadDocument.Readable document, ResourceReference patient) => new()
    {
        Status = DocumentReferenceStatus.Current,
        Type = new CodeableConcept { Text = document.TypeCode },
        Subject = patient,
        Content =
        [
            new DocumentReference.ContentComponent
            {
                Attachment = new Attachment { ContentType = document.MediaType, Url = path, Title = document.Name, SizeElement = Size(document.Size) },
            },
        ],
    };

    /// <summary>FHIR counts to two thousand millions; what is larger goes without its size.</summary>
    private static UnsignedInt? Size(long bytes) => bytes <= int.MaxValue ? new UnsignedInt((int)bytes) : null;

    private static AuditEvent Access(ShowAccesses.FileAccess access, ResourceReference patient)
    {
        var (kind, action, interaction, client, server) = access.Action switch
        {
            "read" or "download" or "export" or "search" => ("Read", AuditEvent.AuditEventAction.R, "read", (Dicom, "110152"), (Dicom, "110153")),
            "remove" => ("Delete", AuditEvent.AuditEventAction.D, "delete",
                (Dicom, "110150"), ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian")),
            _ => ("Update", AuditEvent.AuditEventAction.U, "update", (Dicom, "110153"), (Dicom, "110152")),
        };
        return new AuditEvent
        {
            Meta = new Meta { Profile = [Balp + kind] },
            Type = new Coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"),
            Subtype = [new Coding("http://hl7.org/fhir/restful-interaction", interaction)],
            Action = action,
            Recorded = access.At,
            Outcome = AuditEvent.AuditEventOutcome.N0,
            PurposeOfEvent = [new CodeableConcept { Text = access.Purpose }],
            Agent =
            [
                Machine(client, "gateway"),
                Machine(server, "intake"),
                new AuditEvent.AgentComponent
                {
                    Type = new CodeableConcept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                    Who = access.IsYou ? patient : new ResourceReference { Display = access.Role },
                    Requestor = true,
                },
            ],
            Source = new AuditEvent.SourceComponent { Observer = new ResourceReference { Display = Service } },
            Entity =
            [
                new AuditEvent.EntityComponent
                {
                    What = new ResourceReference { Identifier = new Identifier("urn:ietf:rfc:3986", Uuid + access.ObjectId), Display = access.ObjectType },
                    Type = new Coding(EntityTypes, "2"),
                    Role = new Coding(EntityRoles, "4"),
                },
                new AuditEvent.EntityComponent { What = patient, Type = new Coding(EntityTypes, "1"), Role = new Coding(EntityRoles, "1") },
            ],
        };
    }

    private static AuditEvent.AgentComponent Machine((string System, string Code) type, string name) => new()
    {
        Type = new CodeableConcept(type.System, type.Code),
        Who = new ResourceReference { Display = name },
        Requestor = false,
        Network = new AuditEvent.NetworkComponent { Address = name, Type = AuditEvent.AuditEventAgentNetworkType.N1 },
    };

    private static ResourceReference Reference(Guid id) => new(Uuid + id);
}
