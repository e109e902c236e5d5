using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace SecondOpinion.Physician.Sharing.Document;

/// <summary>
/// The opinion as a CDA R2 document of level 1: a header by which a practice's software files it, and the signed PDF within. Header by the volet
/// « Structuration minimale », kind by the volet TLM-CR of the CI-SIS.
/// </summary>
internal static class ClinicalDocument
{
    private const string People = "1.2.250.1.71.4.2.1";
    private const string Structures = "1.2.250.1.71.4.2.2";
    private const string Loinc = "2.16.840.1.113883.6.1";
    private static readonly XNamespace Hl7 = "urn:hl7-org:v3";

    public static byte[] Of(OpinionDocument opinion, MsSanteSettings sender)
    {
        var document = new XDocument(E("ClinicalDocument",
            E("realmCode", A("code", "FR")),
            E("typeId", A("root", "2.16.840.1.113883.1.3"), A("extension", "POCD_HD000040")),
            // HL7 France; structuration minimale; a scanned or converted document, not structured.
            E("templateId", A("root", "2.16.840.1.113883.2.8.2.1")),
            E("templateId", A("root", "1.2.250.1.213.1.1.1.1")),
            E("templateId", A("root", "1.3.6.1.4.1.19376.1.2.20")),
            E("id", A("root", opinion.Id)),
            Code("code", OpinionDocument.Code, OpinionDocument.CodeName, Loinc, "LOINC"),
            E("title", OpinionDocument.Title),
            E("effectiveTime", A("value", OpinionDocument.Stamp(opinion.SignedAt))),
            Code("confidentialityCode", "N", "Normal", "2.16.840.1.113883.5.25"),
            E("languageCode", A("code", "fr-FR")),
            E("setId", A("root", opinion.SetId)),
            E("versionNumber", A("value", opinion.Version.ToString(CultureInfo.InvariantCulture))),
            Patient(opinion),
            Author(opinion, sender),
            Custodian(sender),
            Recipient(opinion),
            Authenticator(opinion, sender),
            Act(opinion, sender),
            Replaced(opinion),
            Encounter(opinion, sender),
            E("component", E("nonXMLBody", E("text", A("mediaType", "application/pdf"), A("representation", "B64"), Convert.ToBase64String(opinion.Pdf))))));
        using var bytes = new MemoryStream();
        using (var writer = XmlWriter.Create(bytes, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            document.Save(writer);
        }

        return bytes.ToArray();
    }

    private static XElement Patient(OpinionDocument opinion)
    {
        var patient = opinion.Patient;
        return E("recordTarget", E("patientRole",
            E("id", A("extension", patient.Matricule), A("root", patient.Oid)),
            E("addr", A("nullFlavor", "NASK")),
            E("telecom", A("nullFlavor", "NASK")),
            E("patient",
                E("name",
                    E("given", string.Join(' ', patient.GivenNames.Select(Traits.Of))),
                    E("given", A("qualifier", "BR"), opinion.FirstName),
                    E("family", A("qualifier", "BR"), opinion.BirthName)),
                Code("administrativeGenderCode", patient.Sex, patient.Sex == "F" ? "Féminin" : "Masculin", "2.16.840.1.113883.5.1"),
                E("birthTime", A("value", patient.BirthDate.Replace("-", ""))),
                E("birthplace", E("place", E("addr", E("county", patient.BirthPlaceCode)))))));
    }

    private static XElement Author(OpinionDocument opinion, MsSanteSettings sender) => E("author",
        E("time", A("value", OpinionDocument.Stamp(opinion.SignedAt))),
        E("assignedAuthor", [.. Physician(opinion.Author), Organization("representedOrganization", sender)]));

    private static XElement Custodian(MsSanteSettings sender) =>
        E("custodian", E("assignedCustodian", E("representedCustodianOrganization", StructureId(sender), E("name", sender.Organization))));

    private static XElement Recipient(OpinionDocument opinion)
    {
        // A name is kept out rather than guessed: the number says who it is.
        var named = opinion.Recipient.Family.Length > 0;
        return E("informationRecipient", E("intendedRecipient",
            E("id", A("root", People), A("extension", "8" + opinion.RecipientRpps)),
            named ? E("informationRecipient", Name("", opinion.Recipient.Given, opinion.Recipient.Family)) : null));
    }

    private static XElement Authenticator(OpinionDocument opinion, MsSanteSettings sender) => E("legalAuthenticator",
        E("time", A("value", OpinionDocument.Stamp(opinion.SignedAt))),
        E("signatureCode", A("code", "S")),
        E("assignedEntity", [.. Physician(opinion.Author), Organization("representedOrganization", sender)]));

    /// <summary>What the patient asks for directly is no act of the list: then none is named, since none took place.</summary>
    private static XElement Act(OpinionDocument opinion, MsSanteSettings sender) => E("documentationOf", E("serviceEvent",
        opinion.Teleexpertise && sender.ActCodeSystem.Length > 0
            ? Code("code", "TE2", "Acte de téléexpertise de niveau 2 d'un médecin sollicité par un autre médecin", sender.ActCodeSystem)
            : null,
        E("effectiveTime", E("low", A("value", OpinionDocument.Stamp(opinion.SignedAt)))),
        E("performer", A("typeCode", "PRF"), E("assignedEntity",
        [
            .. Physician(opinion.Author),
            Organization("representedOrganization", sender, Code("standardIndustryClassCode", "AMBULATOIRE", "Ambulatoire", "1.2.250.1.213.1.1.4.9")),
        ]))));

    private static XElement? Replaced(OpinionDocument opinion) => opinion.Replaces is not { } version ? null : E("relatedDocument", A("typeCode", "RPLC"),
        E("parentDocument",
            E("id", A("root", opinion.IdOf(version))),
            E("versionNumber", A("value", version.ToString(CultureInfo.InvariantCulture)))));

    private static XElement Encounter(OpinionDocument opinion, MsSanteSettings sender) => E("componentOf", E("encompassingEncounter",
        E("effectiveTime", A("value", OpinionDocument.Stamp(opinion.SignedAt))),
        E("location", E("healthCareFacility", Code("code", sender.SectorCode, sender.SectorName, "1.2.250.1.71.4.2.4")))));

    private static XElement[] Physician(Signatory author) =>
    [
        E("id", A("root", People), A("extension", "8" + author.Rpps)),
        Code("code", author.QualificationCode, author.QualificationName, "1.2.250.1.213.1.1.4.5"),
        E("addr", A("nullFlavor", "NASK")),
        E("telecom", A("nullFlavor", "NASK")),
        E("assignedPerson", Name(author.Name.Prefix, author.Name.Given, author.Name.Family)),
    ];

    private static XElement Name(string prefix, string given, string family) => E("name",
        E("family", family), given.Length > 0 ? E("given", given) : null, Title(prefix) is { } title ? E("suffix", title) : null);

    /// <summary>Titles of physicians in the national table, where they are a suffix; a prefix is « Monsieur » or « Madame ».</summary>
    private static string? Title(string prefix) => prefix.TrimEnd('.').ToUpperInvariant() switch
    {
        "DR" or "DOCTEUR" => "DR",
        "PR" or "PROFESSEUR" or "PROFESSEURE" => "PR",
        _ => null,
    };

    private static XElement Organization(string element, MsSanteSettings sender, XElement? more = null) =>
        E(element, StructureId(sender), E("name", sender.Organization), more);

    private static XElement StructureId(MsSanteSettings sender) => E("id", A("root", Structures), A("extension", sender.OrganizationId));

    private static XElement Code(string element, string code, string name, string system, string? systemName = null) => E(element,
        A("code", code), A("displayName", name), A("codeSystem", system), systemName is null ? null : A("codeSystemName", systemName));

    private static XElement E(string name, params object?[] content) => new(Hl7 + name, content);

    private static XAttribute A(string name, string value) => new(name, value);
}
