using Hl7.Fhir.Model;
using Hl7.Fhir.Rest;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Register;

namespace SecondOpinion.Physician.Sharing.Mailboxes;

/// <summary>
/// Mailboxes of the Annuaire santé over FHIR R4: contact points of the physician and of the places of practice that are marked as MSSanté and personal.
/// Searched by <c>POST</c>, so that no number stands in an address.
/// </summary>
internal sealed class AnnuaireMailboxes(HttpClient http, RegisterSettings settings) : IMailboxDirectory
{
    private const string RppsSystem = "https://rpps.esante.gouv.fr";
    private const string MailKind = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type";
    private const string Metadata = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata";

    /// <summary>TRE_R257: one person's mailbox; others belong to a practice, a structure or a program.</summary>
    private const string Personal = "PER";

    public async Task<Mailbox?> Find(Rpps rpps, CancellationToken cancel)
    {
        using var client = new FhirClient(settings.Address!, http, new FhirClientSettings { PreferredFormat = ResourceFormat.Json });
        client.RequestHeaders!.Add("ESANTE-API-KEY", settings.ApiKey);
        var people = (await Search<Practitioner>(client, new SearchParams("identifier", $"{RppsSystem}|{rpps.Value}"), cancel))
            .Where(p => p.Active != false && p.Identifier.Exists(i => i.System == RppsSystem && i.Value == rpps.Value)).ToList();
        if (people.Count == 0)
        {
            return null;
        }

        var address = Address(people.SelectMany(p => p.Telecom));
        foreach (var person in address is null ? people : [])
        {
            var places = await Search<PractitionerRole>(client, new SearchParams("practitioner", person.Id!), cancel);
            address ??= Address(places.Where(r => r.Active != false && r.Practitioner?.Reference?.EndsWith($"/{person.Id}", StringComparison.Ordinal) == true)
                .SelectMany(r => r.Telecom));
        }

        var name = people.SelectMany(p => p.Name).FirstOrDefault(n => n.Family is not null);
        return address is null ? null : new Mailbox(address, name?.Family ?? "", string.Join(' ', name?.Given ?? []));
    }

    private static string? Address(IEnumerable<ContactPoint> points) => points
        .Where(p => p is { System: ContactPoint.ContactPointSystem.Email, Value: not null } && IsSecure(p) && Type(p) == Personal)
        .OrderBy(p => p.Rank ?? int.MaxValue)
        .FirstOrDefault()?.Value;

    private static bool IsSecure(ContactPoint point) => point.GetExtensionValue<Coding>(MailKind)?.Code == "MSSANTE";

    private static string? Type(ContactPoint point) =>
        point.GetExtension(Metadata)?.GetExtensionValue<CodeableConcept>("type")?.Coding.FirstOrDefault()?.Code;

    private static async Task<IReadOnlyList<T>> Search<T>(FhirClient client, SearchParams search, CancellationToken cancel) where T : Resource, new()
    {
        try
        {
            var found = await client.SearchUsingPostAsync<T>(search, cancel);
            return [.. (found?.Entry ?? []).Select(e => e.Resource).OfType<T>()];
        }
        catch (Exception away) when (away is FhirOperationException or HttpRequestException or FormatException or TimeoutException
            || away is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new RegisterAwayException("The Annuaire santé does not answer.", away);
        }
    }
}
