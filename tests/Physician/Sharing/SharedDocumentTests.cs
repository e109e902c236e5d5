using System.Reflection;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using SecondOpinion.Physician.Sharing;
using SecondOpinion.Physician.Sharing.Document;
using SecondOpinion.Physician.Sharing.Mailboxes;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>
/// The CDA document and METADATA.XML, byte for byte as they were judged by the HL7 schema and the national schematrons (docs/data-sources.md): judge them anew
/// when they change, then record them with UPDATE_GOLDEN=1.
/// </summary>
public sealed class SharedDocumentTests
{
    private static readonly XNamespace Hl7 = "urn:hl7-org:v3";
    private static readonly XNamespace Rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";

    private static readonly MsSanteSettings Sender = new()
    {
        Host = "localhost",
        From = "avis@secondopinion.mssante.example",
        Organization = "SecondOpinion & Cie (fictif)",
        OrganizationId = "1990000017",
        SourceId = "1.2.250.1.999.1",
        ProductReference = "NIL-FICTIF-0001",
        ActCodeSystem = "1.2.250.1.999.2",
    };

    [Theory]
    [InlineData("clinical-document-v1.xml", 1, false)]
    [InlineData("clinical-document-v2.xml", 2, true)]
    public void The_clinical_document_is_the_one_that_was_judged(string golden, int version, bool teleexpertise) =>
        Compare(golden, ClinicalDocument.Of(Opinion(version, teleexpertise), Sender));

    [Fact]
    public void The_metadata_are_those_that_were_judged_and_valid_ebRIM()
    {
        var document = ClinicalDocument.Of(Opinion(), Sender);
        var metadata = SubmissionMetadata.Of(Opinion(), Sender, "DOC00001.XML", document, Guid.Parse("0199c8f0-0000-7000-8000-00000000000a"), At);
        Compare("metadata.xml", metadata);
        Faults(metadata).ShouldBeEmpty();

        var entry = XDocument.Parse(Encoding.UTF8.GetString(metadata)).Descendants(Rim + "ExtrinsicObject").Single();
        Slot("size").ShouldBe(document.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Slot("URI").ShouldBe("DOC00001.XML");
        Slot("sourcePatientId").ShouldBe("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH");
        Slot("legalAuthenticator").ShouldStartWith("899000010019^EXEMPLE-DURANCE^Alix^");
        var id = XDocument.Parse(Encoding.UTF8.GetString(document)).Root!.Element(Hl7 + "id")!.Attribute("root")!.Value;
        entry.Elements(Rim + "ExternalIdentifier").Select(e => e.Attribute("value")!.Value).ShouldContain(id, "the entry names the document by its own id");

        string Slot(string name) => entry.Elements(Rim + "Slot").Single(s => s.Attribute("name")!.Value == name).Value;
    }

    [Fact]
    public void The_schema_would_find_what_is_wrong()
    {
        var metadata = SubmissionMetadata.Of(Opinion(), Sender, "DOC00001.XML", [], Guid.NewGuid(), At);
        var broken = XDocument.Parse(Encoding.UTF8.GetString(metadata));
        broken.Descendants(Rim + "Association").Single().Attribute("targetObject")!.Remove();
        Faults(Encoding.UTF8.GetBytes(broken.ToString())).ShouldNotBeEmpty();
    }

    [Fact]
    public void Who_it_is_about_is_written_as_the_national_identity_has_it()
    {
        var patient = XDocument.Parse(Encoding.UTF8.GetString(ClinicalDocument.Of(Opinion(), Sender))).Descendants(Hl7 + "patientRole").Single();
        patient.Element(Hl7 + "id")!.Attribute("extension")!.Value.ShouldBe("279035121518989");
        patient.Element(Hl7 + "id")!.Attribute("root")!.Value.ShouldBe("1.2.250.1.213.1.4.10");
        patient.Descendants(Hl7 + "given").Select(g => g.Value).ShouldBe(["ZOE JEANNE", "ZOE"]);
        patient.Descendants(Hl7 + "family").Single().Value.ShouldBe("EXEMPLE-CHATEAU");
        patient.Descendants(Hl7 + "birthTime").Single().Attribute("value")!.Value.ShouldBe("19790328");
        patient.Descendants(Hl7 + "county").Single().Value.ShouldBe("51215");
    }

    [Fact]
    public void A_version_has_one_identifier_and_another_version_another_in_the_same_set()
    {
        var (first, again, second) = (Opinion(), Opinion(), Opinion(2));
        again.Id.ShouldBe(first.Id);
        second.Id.ShouldNotBe(first.Id);
        second.SetId.ShouldBe(first.SetId);
        second.IdOf(1).ShouldBe(first.Id);
        first.SetId.ShouldStartWith("2.25.");
    }

    [Theory]
    [InlineData("Dr Alix EXEMPLE-DURANCE", "Dr", "Alix", "EXEMPLE-DURANCE")]
    [InlineData("Pr. Anne Claire DE LA TOUR", "Pr.", "Anne Claire", "DE LA TOUR")]
    [InlineData("Noé Exemple", "", "Noé", "Exemple")]
    [InlineData("ALIX EXEMPLE", "", "ALIX", "EXEMPLE")]
    [InlineData("Exemple", "", "", "Exemple")]
    [InlineData("Dr", "", "", "Dr")]
    public void A_name_falls_into_its_parts(string shown, string prefix, string given, string family) =>
        PersonName.Of(shown).ShouldBe(new PersonName(prefix, given, family));

    [Theory]
    [InlineData("Zoé", "ZOE")]
    [InlineData("Cœur-d'Açor", "COEUR-D'ACOR")]
    [InlineData("Œdipe", "OEDIPE")]
    public void Traits_are_capitals_without_accents(string name, string trait) => Traits.Of(name).ShouldBe(trait);

    private static DateTimeOffset At => new(2026, 11, 29, 10, 30, 0, TimeSpan.Zero);

    private static OpinionDocument Opinion(int version = 1, bool teleexpertise = false) => new(
        Guid.Parse("0199c8f0-0000-7000-8000-000000000001"), version, version > 1 ? version - 1 : null, At,
        new Signatory("99000010019", PersonName.Of("Dr Alix EXEMPLE-DURANCE"), "SM20", "Gynécologie-obstétrique"),
        SharingPost.Patient(), new Mailbox("sacha.modele@exemple.mssante.example", "MODÈLE", "Sacha"), SharingPost.Treating.Value, teleexpertise,
        "%PDF-1.7 stands for the signed file"u8.ToArray());

    private static List<string> Faults(byte[] metadata)
    {
        var schemas = new XmlSchemaSet { XmlResolver = new XmlUrlResolver() };
        schemas.Add(null, Path.Combine(AppContext.BaseDirectory, "schemas", "ebRS30", "lcm.xsd"));
        schemas.Compile();
        var faults = new List<string>();
        XDocument.Parse(Encoding.UTF8.GetString(metadata)).Validate(schemas, (_, fault) => faults.Add(fault.Message));
        return faults;
    }

    private static void Compare(string name, byte[] written)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var folder = typeof(SharedDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "GoldenFolder").Value!;
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(Path.Combine(folder, name), written);
            return;
        }

        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", name));
        Encoding.UTF8.GetString(written).ShouldBe(golden, "judge it anew, then record it with UPDATE_GOLDEN=1");
    }
}
