using System.Security.Cryptography;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Invoicing;

internal enum InvoiceKind
{
    Invoice,
    CreditNote,
}

/// <summary>An opinion, or the members of a contract.</summary>
/// <param name="Reference">Pseudonym of the opinion; of members empty.</param>
/// <param name="DeliveredOn">Day in Paris.</param>
/// <param name="Credits">Number of the line that a credit note takes back.</param>
internal sealed record InvoiceLine(
    Pricing Pricing, string ContractCode, string Reference, DateOnly? DeliveredOn, Guid? CaseId, long Quantity, long UnitCents, VatRule Vat,
    int? Credits = null)
{
    public long NetCents => checked(Quantity * UnitCents);

    /// <summary>Known here and nowhere else. Not the engagement number: an insurer can ask for the one of any member, and would find out who came.</summary>
    public static string ReferenceOf(Guid caseId) => "AV-" + Convert.ToHexString(SHA256.HashData(caseId.ToByteArray()).AsSpan(0, 6));
}

/// <summary>VAT on all lines of one treatment: computed on their sum, once.</summary>
internal sealed record VatTotal(VatRule Rule, long BasisCents, long TaxCents);

internal sealed record InvoiceTotals(IReadOnlyList<VatTotal> Vat, long NetCents, long VatCents)
{
    public long GrossCents => NetCents + VatCents;

    public static InvoiceTotals Of(IEnumerable<InvoiceLine> lines)
    {
        var vat = lines.GroupBy(l => l.Vat).Select(g => (Rule: g.Key, Basis: g.Sum(l => l.NetCents)))
            .OrderBy(g => g.Rule.Category, StringComparer.Ordinal).ThenBy(g => g.Rule.Rate)
            .Select(g => new VatTotal(g.Rule, g.Basis, g.Rule.TaxOn(g.Basis))).ToList();
        return new InvoiceTotals(vat, vat.Sum(v => v.BasisCents), vat.Sum(v => v.TaxCents));
    }
}

/// <summary>Seller and buyer as they stood on the day of issue.</summary>
internal sealed record InvoiceParties(Party Seller, Party Buyer, string SellerVatNumber, string SellerSiren, string SellerIban, string SellerBic);

/// <param name="Id">The buyer's AMC number, the seller's SIRET.</param>
/// <param name="Legal">French; of the seller only.</param>
internal sealed record Party(string Id, string Name, string Legal, string Street, string PostCode, string City);

/// <summary>An invoice or a credit note with all that its files tell. Amounts of a credit note are positive, too.</summary>
internal sealed record Invoice(
    Guid Id, string Number, InvoiceKind Kind, Guid InsurerId, DateOnly Month, string? Corrects, DateOnly? CorrectedOn, string Reason, DateOnly IssuedOn,
    DateOnly DueOn, string Reference, InvoiceParties Parties, IReadOnlyList<InvoiceLine> Lines, InvoiceTotals Totals, DateTimeOffset IssuedAt);

/// <summary>A row of <c>invoice</c> with the number of the one that it corrects.</summary>
internal sealed record InvoiceRow(
    Guid Id, string Number, Word<InvoiceKind> Kind, Guid InsurerId, DateOnly Month, string? Corrects, DateOnly? CorrectedOn, string? Reason, DateOnly IssuedOn,
    DateOnly DueOn, string Reference, string Parties, DateTimeOffset IssuedAt);
