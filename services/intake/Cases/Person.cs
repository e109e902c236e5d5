using System.ComponentModel.DataAnnotations;
using System.Globalization;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>Who is ill. Sealed at rest; leaves intake only as an age and a sex.</summary>
/// <param name="BirthName">Nom de naissance.</param>
/// <param name="GivenNames">Prénoms de naissance, in their order.</param>
/// <param name="Sex"><c>F</c> or <c>M</c>, as in the civil register.</param>
/// <param name="BirthDate">ISO date.</param>
/// <param name="BirthPlaceCode">INSEE code of the commune or country of birth, when known.</param>
/// <param name="Nir">Social security number of the person, 15 characters; optional. It is not the national health identity: that is
/// <paramref name="Ins"/>.</param>
/// <param name="Email">Address for notices; optional.</param>
/// <param name="Phone">Telephone number, national or with its country's prefix, e.g. <c>+33 1 99 00 12 34</c>.</param>
/// <param name="Ins">The national health identity, when it is qualified.</param>
internal sealed record CasePerson(
    [property: Length(1, CasePerson.MaxName)] string BirthName,
    [property: Length(1, CasePerson.MaxGivenNames), EachMaxLength(CasePerson.MaxName)] IReadOnlyList<string> GivenNames,
    [property: Codes(typeof(CasePerson), nameof(CasePerson.Sexes))] string Sex,
    DateOnly BirthDate,
    [property: Form("insee-place", "69123")] string? BirthPlaceCode = null,
    [property: Form("nir", "2 89 04 35 238 999 02")] string? Nir = null,
    [property: MaxLength(CasePerson.MaxEmail), Form("email", "alix@courriel.example")] string? Email = null,
    [property: MaxLength(ServiceDefaults.Text.Phone.MaxLength)] string? Phone = null,
    CaseIns? Ins = null)
{
    private const int MaxName = 100;
    private const int MaxGivenNames = 10;
    private const int MaxEmail = 254;

    /// <summary>As in the civil register.</summary>
    public static readonly IReadOnlyDictionary<string, string> Sexes = new Dictionary<string, string> { ["F"] = "Féminin", ["M"] = "Masculin" };

    /// <param name="today">The date in Paris.</param>
    public IEnumerable<FieldError> Faults(string pointer, DateOnly today)
    {
        if (!IsName(BirthName))
        {
            yield return new FieldError($"{pointer}/birthName", "invalid_name", "Le nom de naissance compte 1 à 100 caractères.");
        }

        if (GivenNames.Count is 0 or > MaxGivenNames || !GivenNames.All(IsName))
        {
            yield return new FieldError($"{pointer}/givenNames", "invalid_name", "Indiquez de 1 à 10 prénoms.");
        }

        if (!Sexes.ContainsKey(Sex))
        {
            yield return new FieldError($"{pointer}/sex", "unknown_code", "Le sexe est F (féminin) ou M (masculin), comme à l'état civil.", [.. Sexes.Keys]);
        }

        if (BirthDate > today || BirthDate < today.AddYears(-130))
        {
            yield return new FieldError($"{pointer}/birthDate", "impossible_date", "Cette date de naissance n'est pas possible.");
        }

        if (BirthPlaceCode is { } place && !IsInseeCode(place))
        {
            yield return new FieldError($"{pointer}/birthPlaceCode", "invalid_code", "Un code INSEE de commune ou de pays comporte 5 caractères.");
        }

        if (Nir is not null && !Contracts.Identifiers.Nir.TryParse(Nir, out _, out var reason))
        {
            yield return new FieldError($"{pointer}/nir", "invalid_key", reason!);
        }

        foreach (var fault in Ins?.Faults($"{pointer}/ins") ?? [])
        {
            yield return fault;
        }

        if (Ins is not null && BirthPlaceCode is null)
        {
            yield return new FieldError($"{pointer}/birthPlaceCode", "missing",
                "L'identité nationale de santé comprend le lieu de naissance, avec le nom, les prénoms, la date et le sexe.");
        }

        if (Email is not null && (Email.Length > MaxEmail || Email.Count(c => c == '@') != 1 || Email.StartsWith('@') || Email.EndsWith('@')))
        {
            yield return new FieldError($"{pointer}/email", "invalid_email", "Cette adresse électronique n'est pas valide.");
        }

        if (Phone is not null && !ServiceDefaults.Text.Phone.TryParse(Phone, out _))
        {
            yield return new FieldError($"{pointer}/phone", "invalid_phone",
                "Ce numéro de téléphone n'existe dans aucun plan de numérotation. Écrivez-le par exemple 01 99 00 00 01, ou avec l'indicatif du pays : +32 2 "
                    + "555 12 12.");
        }
    }

    /// <summary>Whole years on that day; somebody born on 29 February gets older on 1 March of common years.</summary>
    public int AgeOn(DateOnly day)
    {
        var years = day.Year - BirthDate.Year;
        return (day.Month, day.Day).CompareTo((BirthDate.Month, BirthDate.Day)) < 0 ? years - 1 : years;
    }

    private static bool IsName(string name) => !string.IsNullOrWhiteSpace(name) && name.Length <= MaxName && !name.Any(char.IsControl);

    private static bool IsInseeCode(string code) =>
        code.Length == 5 && char.IsAsciiDigit(code[0]) && (char.IsAsciiDigit(code[1]) || code[0] == '2' && code[1] is 'A' or 'B' or 'a' or 'b')
            && code[2..].All(char.IsAsciiDigit);
}

/// <summary>The physician whom the patient sees, or who asks for the patient.</summary>
/// <param name="Rpps">The physician's RPPS number, 11 digits.</param>
/// <param name="Name">As the patient knows it; optional.</param>
internal sealed record CaseTreatingPhysician([property: Form("rpps", "99900003036")] string Rpps, string? Name = null)
{
    /// <summary>Typed by somebody who copies it: a key that fails is a mistake, and a wrong number would hide who treats the patient.</summary>
    public IEnumerable<FieldError> Faults(string pointer)
    {
        if (!(Contracts.Identifiers.Rpps.TryParse(Rpps, out var rpps, out var reason) && rpps.KeyHolds))
        {
            yield return new FieldError($"{pointer}/rpps", "invalid_key", reason ?? Contracts.Identifiers.Rpps.KeyWarning);
        }
    }

    /// <summary>The number as it is kept.</summary>
    public CaseTreatingPhysician Clean() => this with { Rpps = Contracts.Identifiers.Rpps.Parse(Rpps).Value };
}

/// <summary>What is sealed together: who is ill, and who acts for them.</summary>
/// <param name="CoordinatingPhysician">Who coordinates the care, when it is somebody else than who treats.</param>
internal sealed record SealedPerson(
    CasePerson Patient, CaseRelative? Relative, CaseTreatingPhysician? TreatingPhysician, CaseTreatingPhysician? CoordinatingPhysician = null)
{
    /// <summary>Whose colleagues are not independent and who may not give the opinion: whoever asks, treats or coordinates.</summary>
    /// <param name="asking">Who opened the case, when it was a physician.</param>
    public Guid[] Involved(Guid? asking) =>
    [
        .. new[] { TreatingPhysician, CoordinatingPhysician }.OfType<CaseTreatingPhysician>()
            .Select(p => Contracts.Identifiers.Rpps.Parse(p.Rpps).PhysicianId).Concat(asking is { } id ? [id] : []).Distinct(),
    ];
}

/// <summary>What the insurer is asked. Sealed at rest, kept only until the coverage is reserved or refused.</summary>
internal sealed record CoverageQuestion(string AmcNumber, string MemberNumber, string BirthDate, int BirthRank, string HolderNir)
{
    public static CoverageQuestion From(CaseCoverageRequest request, DateOnly birthDate) => new(
        Contracts.Identifiers.AmcNumber.Parse(request.AmcNumber).Value,
        request.MemberNumber?.Trim() ?? "",
        birthDate.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        request.BirthRank,
        request.HolderNir is { } nir ? Nir.Parse(nir).Value : "");
}

/// <summary>How the patient is known to a complementary insurer; as on the tiers-payant card.</summary>
/// <param name="AmcNumber">The insurer's number on the card, 8 to 10 digits.</param>
/// <param name="MemberNumber">Numéro d'adhérent; may be left out when the holder's NIR is given.</param>
/// <param name="BirthRank">1 unless twins tell otherwise.</param>
/// <param name="HolderNir">Social security number of the policy holder.</param>
internal sealed record CaseCoverageRequest(
    [property: Form("amc", "99000001")] string AmcNumber,
    [property: MaxLength(CaseCoverageRequest.MaxMemberNumber)] string? MemberNumber = null,
    [property: Range(1, CaseCoverageRequest.MaxBirthRank)] int BirthRank = 1,
    [property: Form("nir", "2 89 04 35 238 999 02")] string? HolderNir = null)
{
    private const int MaxMemberNumber = 30;
    private const int MaxBirthRank = 9;

    public IEnumerable<FieldError> Faults(string pointer)
    {
        if (!Contracts.Identifiers.AmcNumber.TryParse(AmcNumber, out _, out var reason))
        {
            yield return new FieldError($"{pointer}/amcNumber", "invalid_amc_number", reason!);
        }

        if (string.IsNullOrWhiteSpace(MemberNumber) && HolderNir is null)
        {
            yield return new FieldError($"{pointer}/memberNumber", "missing", "Indiquez le numéro d'adhérent ou le numéro de sécurité sociale de l'assuré.");
        }

        if (MemberNumber?.Length > MaxMemberNumber)
        {
            yield return new FieldError($"{pointer}/memberNumber", "too_long", "Un numéro d'adhérent compte au plus 30 caractères.");
        }

        if (BirthRank is < 1 or > MaxBirthRank)
        {
            yield return new FieldError($"{pointer}/birthRank", "out_of_range", "Le rang de naissance va de 1 à 9.");
        }

        if (HolderNir is not null && !Nir.TryParse(HolderNir, out _, out var nirReason))
        {
            yield return new FieldError($"{pointer}/holderNir", "invalid_key", nirReason!);
        }
    }
}
