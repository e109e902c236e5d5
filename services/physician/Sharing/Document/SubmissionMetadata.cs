using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace SecondOpinion.Physician.Sharing.Document;

/// <summary>METADATA.XML of an IHE XDM archive: the document and the set in which it is sent, in the terms of ebRIM 3.0 and the XDS profile.</summary>
internal static class SubmissionMetadata
{
    private const string Entry = "Document01";
    private const string Set = "SubmissionSet01";
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    private static readonly XNamespace Lcm = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";

    /// <param name="opinion">What is sent.</param>
    /// <param name="sender">Who sends it.</param>
    /// <param name="file">Name of the document within the folder of this file.</param>
    /// <param name="document">The document's bytes.</param>
    /// <param name="shareId">The sending: one set each.</param>
    /// <param name="sentAt">When.</param>
    public static byte[] Of(OpinionDocument opinion, MsSanteSettings sender, string file, byte[] document, Guid shareId, DateTimeOffset sentAt)
    {
        var objects = new XElement(Rim + "RegistryObjectList", DocumentEntry(opinion, sender, file, document), SubmissionSet(opinion, sender, shareId, sentAt),
            new XElement(Rim + "Classification",
                new XAttribute("id", "cl-set"), new XAttribute("classifiedObject", Set),
                new XAttribute("classificationNode", "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd")),
            new XElement(Rim + "Association",
                new XAttribute("id", "as01"), new XAttribute("associationType", "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"),
                new XAttribute("sourceObject", Set), new XAttribute("targetObject", Entry), Slot("SubmissionSetStatus", "Original")));
        using var bytes = new MemoryStream();
        using (var writer = XmlWriter.Create(bytes, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            new XDocument(new XElement(Lcm + "SubmitObjectsRequest", objects)).Save(writer);
        }

        return bytes.ToArray();
    }

    private static XElement DocumentEntry(OpinionDocument opinion, MsSanteSettings sender, string file, byte[] document) => new(Rim + "ExtrinsicObject",
        new XAttribute("id", Entry), new XAttribute("mimeType", "text/xml"), new XAttribute("objectType", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"),
        new XAttribute("status", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"),
        Slot("URI", file),
        Slot("creationTime", OpinionDocument.UtcStamp(opinion.SignedAt)),
        // SHA-1 by the profile, for finding the file again; the seal of the PDF is what proves it.
        Slot("hash", Sha1(document)),
        Slot("languageCode", "fr-FR"),
        Slot("legalAuthenticator", Person(opinion.Author)),
        Slot("serviceStartTime", OpinionDocument.UtcStamp(opinion.SignedAt)),
        Slot("size", document.Length.ToString(CultureInfo.InvariantCulture)),
        Slot("sourcePatientId", PatientId(opinion)),
        Slot("sourcePatientInfo", $"PID-5|{opinion.BirthName}^{opinion.FirstName}^^^^^L", $"PID-7|{opinion.Patient.BirthDate.Replace("-", "")}",
            $"PID-8|{opinion.Patient.Sex}"),
        Name(OpinionDocument.Title),
        Author(Entry, "cl-author", "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d", opinion, sender),
        Coded("cl-class", "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a", "10", "Compte rendu", "1.2.250.1.213.1.1.4.1"),
        Coded("cl-confidentiality", "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f", "N", "Normal", "2.16.840.1.113883.5.25"),
        Coded("cl-format", "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d", "urn:ihe:iti:xds-sd:pdf:2008", "Document à corps non structuré en PDF",
            "1.3.6.1.4.1.19376.1.2.3"),
        Coded("cl-facility", "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", sender.SectorCode, sender.SectorName, "1.2.250.1.71.4.2.4"),
        Coded("cl-practice", "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead", "AMBULATOIRE", "Ambulatoire", "1.2.250.1.213.1.1.4.9"),
        Coded("cl-type", "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983", OpinionDocument.Code, OpinionDocument.CodeName, "2.16.840.1.113883.6.1"),
        External(Entry, "ei-patient", "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427", PatientId(opinion), "XDSDocumentEntry.patientId"),
        External(Entry, "ei-id", "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", opinion.Id, "XDSDocumentEntry.uniqueId"));

    private static XElement SubmissionSet(OpinionDocument opinion, MsSanteSettings sender, Guid shareId, DateTimeOffset sentAt) => new(Rim + "RegistryPackage",
        new XAttribute("id", Set), new XAttribute("status", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"),
        Slot("submissionTime", OpinionDocument.UtcStamp(sentAt)),
        Slot("intendedRecipient", $"|{Person("8" + opinion.RecipientRpps, opinion.Recipient.Family, opinion.Recipient.Given)}"),
        Name(OpinionDocument.Title),
        Author(Set, "cl-sender", "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", opinion, sender),
        Coded("cl-content", "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500", "07", "Consultation", "1.2.250.1.213.2.2", Set),
        External(Set, "ei-set", "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8", OpinionDocument.OidOf(shareId), "XDSSubmissionSet.uniqueId"),
        External(Set, "ei-source", "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832", sender.SourceId, "XDSSubmissionSet.sourceId"),
        External(Set, "ei-set-patient", "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446", PatientId(opinion), "XDSSubmissionSet.patientId"));

    private static string PatientId(OpinionDocument opinion) => $"{opinion.Patient.Matricule}^^^&{opinion.Patient.Oid}&ISO^NH";

    private static string Person(Signatory author) => Person("8" + author.Rpps, author.Name.Family, author.Name.Given);

    private static string Person(string id, string family, string given) =>
        $"{id}^{Field(family)}^{Field(given)}^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS";

    /// <summary>What HL7 v2 takes as its own signs is left out of names.</summary>
    private static string Field(string text) => string.Concat(text.Where(c => c is not ('^' or '&' or '|' or '~' or '\\')));

    private static XElement Author(string of, string id, string scheme, OpinionDocument opinion, MsSanteSettings sender) => new(Rim + "Classification",
        new XAttribute("id", id), new XAttribute("classificationScheme", scheme), new XAttribute("classifiedObject", of),
        new XAttribute("nodeRepresentation", ""),
        Slot("authorPerson", Person(opinion.Author)),
        Slot("authorInstitution", $"{Field(sender.Organization)}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^{sender.OrganizationId}"),
        Slot("authorSpecialty", $"{opinion.Author.QualificationCode}^{Field(opinion.Author.QualificationName)}^1.2.250.1.213.1.1.4.5"));

    private static XElement Coded(string id, string scheme, string code, string name, string system, string of = Entry) => new(Rim + "Classification",
        new XAttribute("id", id), new XAttribute("classificationScheme", scheme), new XAttribute("classifiedObject", of),
        new XAttribute("nodeRepresentation", code), Slot("codingScheme", system), Name(name));

    private static XElement External(string of, string id, string scheme, string value, string name) => new(Rim + "ExternalIdentifier",
        new XAttribute("id", id), new XAttribute("registryObject", of), new XAttribute("identificationScheme", scheme), new XAttribute("value", value),
        Name(name));

    private static XElement Name(string text) => new(Rim + "Name",
        new XElement(Rim + "LocalizedString", new XAttribute(XNamespace.Xml + "lang", "fr-FR"), new XAttribute("value", text)));

    private static XElement Slot(string name, params string[] values) => new(Rim + "Slot", new XAttribute("name", name),
        new XElement(Rim + "ValueList", values.Select(v => new XElement(Rim + "Value", v))));

#pragma warning disable CA5350 // Named by the profile; nothing rests on it.
    private static string Sha1(byte[] document) => Convert.ToHexStringLower(SHA1.HashData(document));
#pragma warning restore CA5350
}
