using System.Globalization;
using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>The French of invoices, the same on paper and in data.</summary>
internal static class InvoiceText
{
    /// <summary>Mentions that article L.441-9 of the commercial code asks for.</summary>
    public const string LatePayment =
        "En cas de retard de paiement, pénalités au taux de trois fois l'intérêt légal, exigibles sans rappel dès le lendemain de l'échéance.";

    public const string Recovery = "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €.";
    public const string NoDiscount = "Pas d'escompte pour paiement anticipé.";
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    /// <summary>E.g. <c>1 234,50 €</c>, with no-break spaces.</summary>
    public static string Euros(long cents) => (cents / 100m).ToString("N2", French) + "\u00A0€";

    public static string Day(DateOnly day) => day.ToString("dd/MM/yyyy", French);

    /// <summary>E.g. <c>octobre 2026</c>.</summary>
    public static string Month(DateOnly month) => month.ToString("MMMM yyyy", French);

    /// <summary>What is sold: never for whom, nor about what.</summary>
    public static string Product(InvoiceLine line) => line.Pricing == Pricing.PerOpinion
        ? $"Deuxième avis rendu, contrat {line.ContractCode}"
        : $"Accès au service, par bénéficiaire et par mois, contrat {line.ContractCode}";

    public static string Rate(VatRule rule) => (rule.Rate / 100m).ToString("0.##", French) + "\u00A0%";

    public static string Terms(Invoice invoice) => invoice.Kind == InvoiceKind.CreditNote
        ? $"Avoir à déduire de la facture {invoice.Corrects}."
        : $"Paiement par virement avant le {Day(invoice.DueOn)}, référence {invoice.Reference}.";
}
