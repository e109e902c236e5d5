using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Ledger;

internal enum AccountKind
{
    /// <summary>Delivered opinions that an insurer owes for and that are not invoiced yet, without VAT.</summary>
    Receivable,

    /// <summary>Fees due to physicians.</summary>
    Payable,

    /// <summary>Opinions sold.</summary>
    Revenue,

    /// <summary>Physicians' fees as a cost.</summary>
    Cost,

    /// <summary>Invoices to insurers, VAT included.</summary>
    Invoiced,

    /// <summary>Sold per member and month.</summary>
    Subscription,
    Vat,
    Bank,

    /// <summary>Transfers that the bank was asked for and has not reported yet.</summary>
    Transit,

    /// <summary>Money that came and whose purpose is not known yet.</summary>
    Suspense,

    /// <summary>Money of an insurer or a patient beyond what was owed.</summary>
    Advance,
    Patient,

    /// <summary>What the solidarity fund owes for the opinions that it pays, less what was contributed to it.</summary>
    Fund,
}

/// <summary>The accountant's journals.</summary>
internal enum Journal
{
    Opinions,
    Sales,
    Fees,
    Bank,
}

/// <summary>The numbers and French names of the general chart of accounts (plan comptable général), for accountants and the tax file.</summary>
/// <param name="Number">Six digits; the first three are the general chart's, the rest ours.</param>
/// <param name="Label">French.</param>
internal sealed record GeneralAccount(string Number, string Label)
{
    public static GeneralAccount Of(AccountKind kind) => kind switch
    {
        AccountKind.Payable => new("401100", "Médecins référents"),
        AccountKind.Invoiced => new("411100", "Organismes complémentaires"),
        AccountKind.Patient => new("411200", "Patients"),
        AccountKind.Receivable => new("418100", "Clients - factures à établir"),
        AccountKind.Advance => new("419100", "Clients - avances et trop-perçus"),
        AccountKind.Vat => new("445710", "TVA collectée"),
        AccountKind.Fund => new("467100", "Fonds de solidarité"),
        AccountKind.Suspense => new("471000", "Encaissements à identifier"),
        AccountKind.Bank => new("512000", "Banque"),
        AccountKind.Transit => new("580000", "Virements émis en attente de la banque"),
        AccountKind.Cost => new("622600", "Honoraires des médecins référents"),
        AccountKind.Revenue => new("706100", "Deuxièmes avis médicaux"),
        AccountKind.Subscription => new("706200", "Forfaits par bénéficiaire et par mois"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This kind has no number in the chart of accounts."),
    };

    /// <summary>Code and French name of a journal.</summary>
    public static (string Code, string Label) Of(Journal journal) => journal switch
    {
        Journal.Opinions => ("AV", "Avis rendus"),
        Journal.Sales => ("VT", "Ventes"),
        Journal.Fees => ("HO", "Honoraires"),
        Journal.Bank => ("BQ", "Banque"),
        _ => throw new ArgumentOutOfRangeException(nameof(journal), journal, "This journal has no code."),
    };
}

/// <summary>An account, in plain words; those of insurers, physicians and patients are opened when first needed.</summary>
/// <param name="PartyId">The insurer, the physician's pseudonym, or the payment of a patient who pays.</param>
internal sealed record Account(string Name, Word<AccountKind> Kind, Guid? PartyId)
{
    public static readonly Account Opinions = new("Second opinions sold", AccountKind.Revenue, null);
    public static readonly Account Subscriptions = new("Sold per member and month", AccountKind.Subscription, null);
    public static readonly Account PhysicianFees = new("Physicians' fees", AccountKind.Cost, null);
    public static readonly Account Vat = new("VAT collected", AccountKind.Vat, null);
    public static readonly Account Bank = new("Bank", AccountKind.Bank, null);
    public static readonly Account Transit = new("Transfers on their way", AccountKind.Transit, null);
    public static readonly Account Suspense = new("Payments to be identified", AccountKind.Suspense, null);
    public static readonly Account Fund = new("Solidarity fund", AccountKind.Fund, null);

    public static Account Receivable(Guid insurerId, string name) => new($"Owed by {name} ({insurerId})", AccountKind.Receivable, insurerId);

    public static Account Invoiced(Guid insurerId, string name) => new($"Invoiced to {name} ({insurerId})", AccountKind.Invoiced, insurerId);

    public static Account Advance(Guid partyId) => new($"Paid in advance by {partyId}", AccountKind.Advance, partyId);

    public static Account Payable(Guid physicianId) => new($"Due to physician {physicianId}", AccountKind.Payable, physicianId);

    public static Account Patient(Guid paymentId) => new($"Patient's payment {paymentId}", AccountKind.Patient, paymentId);
}
