using Hl7.Fhir.Model;
using Hl7.Fhir.Rest;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Physician.Register;

/// <summary>
/// The Annuaire santé over FHIR R4: <c>Practitioner</c> by <c>POST _search</c>, so that no number stands in an address. Professions and specialties are the
/// codes of its qualifications.
/// </summary>
internal sealed class AnnuaireSante(HttpClient http, RegisterSettings settings) : IPhysicianRegister
{
    private const string RppsSystem = "https://rpps.esante.gouv.fr";
    private const string Professions = "TRE_G15-ProfessionSante";
    private const string Specialties = "TRE_R38-SpecialiteOrdinale";

    public async Task<RegisteredPhysician?> Find(Rpps rpps, CancellationToken cancel)
    {
        using var client = new FhirClient(settings.Address!, http, new FhirClientSettings { PreferredFormat = ResourceFormat.Json });
        client.RequestHeaders!.Add("ESANTE-API-KEY", settings.ApiKey);
        Bundle? found;
        try
        {
            found = await client.SearchUsingPostAsync<Practitioner>(new SearchParams("identifier", $"{RppsSystem}|{rpps.Value}"), cancel);
        }
        catch (Exception away) when (away is FhirOperationException or HttpRequestException or FormatException or TimeoutException
            || away is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new RegisterAwayException("The Annuaire santé does not answer.", away);
        }

        var practitioners = (found?.Entry ?? []).Select(e => e.Resource).OfType<Practitioner>()
            .Where(p => p.Identifier.Exists(i => i.System == RppsSystem && i.Value == rpps.Value)).ToList();
        if (practitioners.Count == 0)
        {
            return null;
        }

        var codes = practitioners.SelectMany(p => p.Qualification).SelectMany(q => q.Code?.Coding ?? []).ToList();
        return new RegisteredPhysician(
            practitioners.Exists(p => p.Active == true),
            [.. practitioners.SelectMany(p => p.Name).Select(n => n.Family).OfType<string>().Distinct()],
            Of(Professions),
            Of(Specialties));

        string[] Of(string table) =>
            [.. codes.Where(c => c.System?.EndsWith(table, StringComparison.Ordinal) == true).Select(c => c.Code).OfType<string>().Distinct()];
    }
}
