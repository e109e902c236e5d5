using System.Net;
using System.Text;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Register;
using SecondOpinion.Physician.Sharing;
using SecondOpinion.Physician.Sharing.Mailboxes;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>Where physicians get secure health mail: by the directory's interface, by its file; and what the settings need.</summary>
public sealed class MailboxTests
{
    private static readonly Rpps Sacha = Rpps.WithKey("9900000303");

    [Fact]
    public async Task The_directory_names_a_physicians_own_mailbox_and_no_other_address()
    {
        var (found, asked) = await Ask(Person(Mail("perso@courriel.example", null, null), Mail("cabinet@x.mssante.example", "MSSANTE", "CAB"),
            Mail("second@x.mssante.example", "MSSANTE", "PER", 2), Mail("sacha@x.mssante.example", "MSSANTE", "PER", 1)));
        found.ShouldBe(new Mailbox("sacha@x.mssante.example", "MODÈLE", "Sacha"));
        asked.ShouldAllBe(a => a.StartsWith("POST ", StringComparison.Ordinal) && !a.Contains(Sacha.Value), "no number stands in an address");
    }

    [Fact]
    public async Task Without_a_mailbox_of_the_person_those_of_the_places_of_practice_are_looked_at()
    {
        var role = """{ "resourceType": "PractitionerRole", "active": true, "practitioner": { "reference": "Practitioner/p1" }, "telecom": [%] }"""
            .Replace("%", Mail("sacha@lieu.mssante.example", "MSSANTE", "PER"));
        var foreign = role.Replace("Practitioner/p1", "Practitioner/p2").Replace("sacha@", "autre@");
        (await Ask(Person(), foreign, role)).Found!.Address.ShouldBe("sacha@lieu.mssante.example");
        (await Ask(Person(), foreign)).Found.ShouldBeNull();
        (await Ask("")).Found.ShouldBeNull();
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, "")]
    [InlineData(HttpStatusCode.OK, "no FHIR")]
    public async Task A_directory_that_is_away_is_told(HttpStatusCode status, string body)
    {
        using var http = new HttpClient(new Canned(_ => (status, body)));
        await Should.ThrowAsync<RegisterAwayException>(() => new AnnuaireMailboxes(http, Register).Find(Sacha, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_without_the_columns_or_that_is_gone_is_told()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "Type de BAL|Adresse\n");
        (await Should.ThrowAsync<RegisterAwayException>(() => new MailboxFile(path).Find(Sacha, TestContext.Current.CancellationToken)))
            .Message.ShouldContain("Adresse BAL");
        File.Delete(path);
        await Should.ThrowAsync<RegisterAwayException>(() => new MailboxFile(path).Find(Sacha, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Settings_say_what_to_set()
    {
        new MsSanteSettings().Fault().ShouldBeNull();
        Complete().Fault().ShouldBeNull();
        (string, Action<MsSanteSettings>)[] faults =
        [
            ("MsSante:From", s => s.From = ""),
            ("MsSante:Tls", s => (s.Tls, s.Host) = (false, "smtp.operateur.example")),
            ("MsSante:Tls", s => (s.Tls, s.Host, s.ImapHost) = (false, "localhost", "imap.operateur.example")),
            ("MsSante:User", s => s.ImapHost = "imap.operateur.example"),
            ("MsSante:OrganizationId", s => s.OrganizationId = "990000017"),
            ("MsSante:SourceId", s => s.SourceId = "here"),
            ("MsSante:ActCodeSystem", s => s.ActCodeSystem = "NGAP"),
            ("MsSante:ProductReference", s => s.ProductReference = ""),
            ("MsSante:MailboxFile", s => s.MailboxFile = "/nowhere"),
            ("MsSante:TrustedCertificates", s => s.TrustedCertificates = "/nowhere"),
        ];
        foreach (var (named, spoil) in faults)
        {
            var settings = Complete();
            spoil(settings);
            settings.Fault().ShouldNotBeNull().ShouldContain(named);
        }
    }

    private static MsSanteSettings Complete() => new()
    {
        Host = "smtp.operateur.example",
        From = "avis@secondopinion.mssante.example",
        Organization = "SecondOpinion (fictif)",
        OrganizationId = "1990000017",
        SourceId = "1.2.250.1.999.1",
        ProductReference = "NIL-FICTIF-0001",
    };

    private static RegisterSettings Register => new() { Address = new Uri("http://annuaire.example/fhir/v2"), ApiKey = "key" };

    private static string Person(params string[] telecoms) =>
        $$"""
        { "resourceType": "Practitioner", "id": "p1", "active": true,
          "identifier": [{ "system": "https://rpps.esante.gouv.fr", "value": "{{Sacha.Value}}" }],
          "name": [{ "family": "MODÈLE", "given": ["Sacha"] }]{{(telecoms.Length == 0 ? "" : $", \"telecom\": [{string.Join(',', telecoms)}]")}} }
        """;

    private static string Mail(string address, string? kind, string? type, int rank = 1)
    {
        var extensions = new List<string>();
        if (kind is not null)
        {
            const string Url = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type";
            extensions.Add($$"""{ "url": "{{Url}}", "valueCoding": { "code": "{{kind}}" } }""");
        }

        if (type is not null)
        {
            extensions.Add(
                $$"""
                { "url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata",
                  "extension": [{ "url": "type", "valueCodeableConcept": { "coding": [{ "code": "{{type}}" }] } }] }
                """);
        }

        var extension = extensions.Count == 0 ? "" : $"\"extension\": [{string.Join(',', extensions)}], ";
        return $$"""{ {{extension}}"system": "email", "value": "{{address}}", "rank": {{rank}} }""";
    }

    private static async Task<(Mailbox? Found, IReadOnlyList<string> Asked)> Ask(string practitioner, params string[] roles)
    {
        var asked = new List<string>();
        using var http = new HttpClient(new Canned(request =>
        {
            asked.Add($"{request.Method} {request.RequestUri}");
            var resources = request.RequestUri!.AbsolutePath.Contains("PractitionerRole", StringComparison.Ordinal) ? roles
                : practitioner.Length == 0 ? [] : [practitioner];
            var entries = string.Join(',', resources.Select(r => $$"""{ "resource": {{r}} }"""));
            return (HttpStatusCode.OK, $$"""{ "resourceType": "Bundle", "type": "searchset"{{(entries.Length == 0 ? "" : $", \"entry\": [{entries}]")}} }""");
        }));
        return (await new AnnuaireMailboxes(http, Register).Find(Sacha, TestContext.Current.CancellationToken), asked);
    }

    private sealed class Canned(Func<HttpRequestMessage, (HttpStatusCode, string)> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (status, body) = answer(request);
            return Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/fhir+json") });
        }
    }
}
