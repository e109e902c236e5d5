using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Why somebody is not covered: stable codes, and a French sentence for the person who asked.</summary>
internal static class Refusal
{
    public const string InvalidQuestion = "invalid_question";
    public const string InsurerUnknown = "insurer_unknown";
    public const string NotRecognised = "not_recognised";
    public const string ServiceNotIncluded = "service_not_included";
    public const string ContractNotValid = "contract_not_valid";
    public const string PeriodNotStarted = "period_not_started";
    public const string PeriodOver = "period_over";
    public const string WaitingPeriod = "waiting_period";
    /// <summary>The person's or the family's: which of them is not said, so that nobody learns from it who of a family used the service.</summary>
    public const string NoUseLeft = "no_use_left";
    public const string CaseReleased = "case_released";

    /// <summary>Nobody's, or another account's: the same, so that nobody learns of somebody else's.</summary>
    public const string GrantUnknown = "grant_unknown";
    public const string GrantUsed = "grant_used";
    public const string GrantOver = "grant_over";

    /// <summary>Nobody's, or another account's.</summary>
    public const string PaymentUnknown = "payment_unknown";
    public const string PaymentAwaited = "payment_awaited";
    public const string PaymentUsed = "payment_used";

    private static readonly Dictionary<string, string> Texts = new()
    {
        [InvalidQuestion] = "La demande est incomplète ou mal écrite : vérifiez chaque champ.",
        [InsurerUnknown] = "Cet organisme complémentaire n'est pas partenaire du service.",
        [NotRecognised] =
            "Votre organisme complémentaire ne nous a pas transmis de droits à ce nom. Vérifiez le numéro d'adhérent, la date et le rang de naissance.",
        [ServiceNotIncluded] = "Votre contrat ne comprend pas le second avis médical.",
        [ContractNotValid] = "Votre contrat n'est pas en vigueur à cette date.",
        [PeriodNotStarted] = "Vos droits n'ont pas encore commencé à cette date.",
        [PeriodOver] = "Vos droits sont terminés à cette date.",
        [WaitingPeriod] = "Votre contrat prévoit un délai d'attente qui n'est pas écoulé à cette date.",
        [NoUseLeft] = "Les seconds avis prévus par votre contrat pour cette année ont tous été utilisés.",
        [CaseReleased] = "La prise en charge de ce dossier a été rendue ; ouvrez un nouveau dossier.",
        [GrantUnknown] = "Cet accord n'est pas connu pour ce compte. Vérifiez le numéro qui vous a été donné.",
        [GrantUsed] = "Cet accord a déjà servi à un autre dossier.",
        [PaymentUnknown] = "Ce paiement n'est pas connu pour ce compte. Vérifiez la référence qui vous a été donnée.",
        [PaymentAwaited] = "Votre virement n'est pas encore arrivé, ou pas en entier. Ouvrez le dossier quand il est arrivé.",
        [PaymentUsed] = "Ce paiement a déjà servi à un autre dossier, ou il est remboursé.",
        [GrantOver] = "Cet accord n'est plus valable ; demandez-en un autre.",
    };

    public static string Text(string code) => code.Length == 0 ? "" : Texts[code];
}

/// <summary>A beneficiary as the roster and the use counts know it.</summary>
/// <param name="Person">Keyed hash.</param>
/// <param name="Family">Keyed hash of the member number.</param>
/// <param name="To">Null when open.</param>
/// <param name="PersonUses">Uses in the year of service.</param>
internal readonly record struct Beneficiary(long Person, long Family, short Contract, DateOnly From, DateOnly? To, int PersonUses, int FamilyUses);

/// <summary>The decision. Everybody who is not covered gets the same shape: an empty one, with a code.</summary>
/// <param name="Code">Empty when covered.</param>
/// <param name="RemainingUses">Uses left this year of the person's own limit; -1 when there is none, 0 when not covered.</param>
internal sealed record Decision(string Code, DateOnly? From, DateOnly? To, int RemainingUses, ContractTerms? Terms)
{
    public const int Unlimited = -1;

    public bool Covered => Code.Length == 0;

    public bool Recognised => Code is not (Refusal.NotRecognised or Refusal.InsurerUnknown or Refusal.InvalidQuestion or Refusal.GrantUnknown
        or Refusal.PaymentUnknown);

    public bool ServiceIncluded => Recognised && Code is not Refusal.ServiceNotIncluded;

    public static Decision Refuse(string code) => new(code, null, null, 0, null);

    /// <param name="beneficiary">Null when the roster does not know the person.</param>
    /// <param name="terms">The contract's terms on the day of service; null when it has none yet.</param>
    /// <param name="day">Day of service.</param>
    public static Decision Decide(Beneficiary? beneficiary, ContractTerms? terms, DateOnly day)
    {
        if (beneficiary is not { } person)
        {
            return Refuse(Refusal.NotRecognised);
        }

        if (terms is null || day < terms.ValidFrom || day > (terms.ValidTo ?? DateOnly.MaxValue))
        {
            return Refuse(Refusal.ContractNotValid);
        }

        if (!terms.ServiceIncluded)
        {
            return Refuse(Refusal.ServiceNotIncluded);
        }

        if (day < person.From)
        {
            return Refuse(Refusal.PeriodNotStarted);
        }

        if (day > (person.To ?? DateOnly.MaxValue))
        {
            return Refuse(Refusal.PeriodOver);
        }

        var open = person.From.AddDays(terms.WaitingDays);
        if (day < open)
        {
            return Refuse(Refusal.WaitingPeriod);
        }

        if (terms.UsesPerPerson is { } perPerson && person.PersonUses >= perPerson)
        {
            return Refuse(Refusal.NoUseLeft);
        }

        if (terms.UsesPerFamily is { } perFamily && person.FamilyUses >= perFamily)
        {
            return Refuse(Refusal.NoUseLeft);
        }

        // Of the person's own limit: what is left of the family's would tell of the others.
        var left = terms.UsesPerPerson - person.PersonUses ?? Unlimited;
        return new Decision("", Later(open, terms.ValidFrom), Earlier(person.To, terms.ValidTo), left, terms);
    }

    private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;

    private static DateOnly? Earlier(DateOnly? a, DateOnly? b) => a is null ? b : b is null ? a : a < b ? a : b;
}

/// <summary>The answer with what goes around it.</summary>
/// <param name="Insurer">Null when the AMC number is nobody's.</param>
/// <param name="Beneficiary">For the reservation only; never leaves the service.</param>
/// <param name="EngagementNumber">The insurer's guarantee; empty when not covered.</param>
internal sealed record Answer(
    Decision Decision, Insurer? Insurer, Beneficiary? Beneficiary, string EngagementNumber, DateTimeOffset? EngagementExpiresAt, DateTimeOffset AskedAt)
{
    public int RosterVersion => Insurer?.Roster?.Version ?? 0;

    /// <summary>Keyed hash of the family that the question led to, covered or not; null when the roster does not know the person. Never leaves the
    /// service.</summary>
    public long? Family { get; init; }

    /// <summary>Who pays when it is no insurer, in French; null otherwise.</summary>
    public string? Payer { get; init; }
}
