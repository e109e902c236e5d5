using System.ComponentModel.DataAnnotations;
using System.Globalization;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Bound from <c>Invoicing</c>: who sells, how VAT is treated, when invoices are made. The defaults name a fictitious company.</summary>
internal sealed class InvoicingOptions : ISettings
{
    public static string Section => "Invoicing";

    public SellerOptions Seller { get; set; } = new();

    /// <summary>Opinions, one by one.</summary>
    public VatOptions PerOpinion { get; set; } = new()
    {
        Category = "E",
        Exemption = "Exonération de TVA, article 261, 4, 1° du code général des impôts",
        ExemptionCode = "VATEX-EU-132-1C",
    };

    /// <summary>The service for all members of a contract.</summary>
    public VatOptions PerMember { get; set; } = new() { Category = "S", Rate = 20m };

    /// <summary>Days after the issue by which an invoice is to be paid.</summary>
    [Range(0, 60)]
    public int PaymentDays { get; set; } = 30;

    /// <summary>Day of the month on which the month before is invoiced.</summary>
    [Range(1, 28)]
    public int RunDay { get; set; } = 3;

    /// <summary>The scheduled run; ops can invoice any month by hand in any case.</summary>
    public bool Scheduled { get; set; } = true;

    public VatRule VatOf(Pricing pricing) => pricing == Pricing.PerOpinion ? PerOpinion.Rule() : PerMember.Rule();

    public string? Fault() => Seller.Fault() ?? PerOpinion.Fault("PerOpinion") ?? PerMember.Fault("PerMember");
}

/// <summary>Who issues the invoices and receives the money.</summary>
internal sealed class SellerOptions
{
    public string Name { get; set; } = "SecondOpinion (société fictive)";

    /// <summary>Form, capital and register, as the law wants them on an invoice; French.</summary>
    public string Legal { get; set; } = "SAS fictive au capital de 50 000 euros";

    public string Street { get; set; } = "1 rue de l'Exemple";

    public string PostCode { get; set; } = "99001";

    public string City { get; set; } = "Ville-Fictive";

    public string Siret { get; set; } = Contracts.Identifiers.Siret.WithKeys("99000000", "0001").Value;

    public string Iban { get; set; } = Contracts.Identifiers.Iban.French("99999", "00001", "00000000001").Value;

    public string Bic { get; set; } = "FICTFRPPXXX";

    public string Siren => Siret[..9];

    /// <summary>The intra-community number of a French company follows from its SIREN.</summary>
    public string VatNumber => string.Create(
        CultureInfo.InvariantCulture, $"FR{(12 + 3 * (long.Parse(Siren, CultureInfo.InvariantCulture) % 97)) % 97:00}{Siren}");

    public string? Fault() =>
        !Contracts.Identifiers.Siret.TryParse(Siret, out var siret, out _) || siret.Value != Siret
            ? "Invoicing:Seller:Siret must be 14 digits whose keys hold."
            : !Contracts.Identifiers.Iban.TryParse(Iban, out var iban, out _) || iban.Value != Iban
                ? "Invoicing:Seller:Iban must be an IBAN without spaces whose key holds."
                : string.IsNullOrWhiteSpace(Name) || string.IsNullOrWhiteSpace(Street) || string.IsNullOrWhiteSpace(City) || Bic.Length is not (8 or 11)
                    ? "Invoicing:Seller needs Name, Street, PostCode, City and a Bic of 8 or 11 characters." : null;
}

/// <summary>How VAT is treated. Codes of UNTDID 5305; the platform is not fit to judge which holds: an accountant sets it.</summary>
internal sealed class VatOptions
{
    /// <summary><c>S</c> with a rate, <c>E</c> exempt.</summary>
    public string Category { get; set; } = "E";

    /// <summary>Percent.</summary>
    public decimal Rate { get; set; }

    /// <summary>Why exempt; French, printed on the invoice.</summary>
    public string Exemption { get; set; } = "";

    /// <summary>Of the VATEX list; may be empty.</summary>
    public string ExemptionCode { get; set; } = "";

    public VatRule Rule() => new(Category, (int)(Rate * 100), Category == "S" ? "" : Exemption, Category == "S" ? "" : ExemptionCode);

    public string? Fault(string name) => Category switch
    {
        "S" => Rate is > 0 and <= 100 && Rate * 100 == Math.Truncate(Rate * 100) ? null : $"Invoicing:{name}: category S needs a Rate above 0, in percent.",
        "E" => Rate == 0 && Exemption.Length > 0 ? null : $"Invoicing:{name}: category E has Rate 0 and needs an Exemption, the reason in French.",
        _ => $"Invoicing:{name}:Category must be S (standard rate) or E (exempt).",
    };
}
