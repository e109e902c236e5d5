using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using SecondOpinion.ServiceDefaults.Pdf;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>
/// An invoice for programs: Cross Industry Invoice of UN/CEFACT in the profile EN 16931 of Factur-X 1.09. Totals are those of the invoice, to the cent. The
/// comments name the business terms (BT) of EN 16931.
/// </summary>
internal static class FacturX
{
    public const string FileName = "factur-x.xml";
    private const string Scheme = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";
    private static readonly XNamespace Rsm = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100";
    private static readonly XNamespace Ram = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100";
    private static readonly XNamespace Udt = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100";
    private static readonly XNamespace Qdt = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100";

    public static byte[] Write(Invoice invoice)
    {
        var document = new XDocument(new XElement(
            Rsm + "CrossIndustryInvoice",
            new XAttribute(XNamespace.Xmlns + "rsm", Rsm), new XAttribute(XNamespace.Xmlns + "ram", Ram),
            new XAttribute(XNamespace.Xmlns + "udt", Udt), new XAttribute(XNamespace.Xmlns + "qdt", Qdt),
            // Services only: process S1 of the French rules (BT-23).
            new XElement(Rsm + "ExchangedDocumentContext",
                new XElement(Ram + "BusinessProcessSpecifiedDocumentContextParameter", new XElement(Ram + "ID", "S1")),
                new XElement(Ram + "GuidelineSpecifiedDocumentContextParameter", new XElement(Ram + "ID", "urn:cen.eu:en16931:2017"))),
            Head(invoice),
            new XElement(Rsm + "SupplyChainTradeTransaction",
                invoice.Lines.Select(Line),
                Agreement(invoice.Parties),
                new XElement(Ram + "ApplicableHeaderTradeDelivery"),
                Settlement(invoice))));
        using var file = new MemoryStream();
        using (var writer = XmlWriter.Create(file, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true, NewLineChars = "\n" }))
        {
            document.Save(writer);
        }

        return file.ToArray();
    }

    public static PdfAttachment Attachment(Invoice invoice) => new(FileName, "Facture électronique Factur-X", Write(invoice), new XmpSchema(
        "Factur-X PDFA Extension Schema", Scheme, "fx",
        [
            ("DocumentFileName", FileName, "name of the embedded XML invoice file"),
            ("DocumentType", "INVOICE", "INVOICE"),
            ("Version", "1.0", "The actual version of the Factur-X XML schema"),
            ("ConformanceLevel", "EN 16931", "The conformance level of the embedded Factur-X data"),
        ]));

    private static XElement Head(Invoice invoice) => new(Rsm + "ExchangedDocument",
        new XElement(Ram + "ID", invoice.Number), // BT-1
        new XElement(Ram + "TypeCode", invoice.Kind == InvoiceKind.CreditNote ? "381" : "380"), // BT-3
        new XElement(Ram + "IssueDateTime", Day(Udt, invoice.IssuedOn)), // BT-2
        new[] { ("REG", invoice.Parties.Seller.Legal), ("PMD", InvoiceText.LatePayment), ("PMT", InvoiceText.Recovery), ("AAB", InvoiceText.NoDiscount) }
            .Select(note => Note(note.Item1, note.Item2)),
        invoice.Kind == InvoiceKind.CreditNote ? Note("AAI", invoice.Reason) : null); // BT-22

    private static XElement Note(string subject, string text) =>
        new(Ram + "IncludedNote", new XElement(Ram + "Content", text), new XElement(Ram + "SubjectCode", subject));

    private static XElement Line(InvoiceLine line, int index) => new(Ram + "IncludedSupplyChainTradeLineItem",
        new XElement(Ram + "AssociatedDocumentLineDocument", new XElement(Ram + "LineID", index + 1)), // BT-126
        new XElement(Ram + "SpecifiedTradeProduct",
            line.Reference.Length > 0 ? new XElement(Ram + "SellerAssignedID", line.Reference) : null, // BT-155
            new XElement(Ram + "Name", InvoiceText.Product(line))), // BT-153
        new XElement(Ram + "SpecifiedLineTradeAgreement",
            new XElement(Ram + "NetPriceProductTradePrice", new XElement(Ram + "ChargeAmount", Amount(line.UnitCents)))), // BT-146
        new XElement(Ram + "SpecifiedLineTradeDelivery",
            new XElement(Ram + "BilledQuantity", new XAttribute("unitCode", "C62"), line.Quantity)), // BT-129, pieces
        new XElement(Ram + "SpecifiedLineTradeSettlement",
            new XElement(Ram + "ApplicableTradeTax",
                new XElement(Ram + "TypeCode", "VAT"),
                new XElement(Ram + "CategoryCode", line.Vat.Category), // BT-151
                new XElement(Ram + "RateApplicablePercent", Amount(line.Vat.Rate))), // BT-152
            line.DeliveredOn is { } day
                ? new XElement(Ram + "BillingSpecifiedPeriod",
                    new XElement(Ram + "StartDateTime", Day(Udt, day)), new XElement(Ram + "EndDateTime", Day(Udt, day))) // BT-134, BT-135
                : null,
            new XElement(Ram + "SpecifiedTradeSettlementLineMonetarySummation",
                new XElement(Ram + "LineTotalAmount", Amount(line.NetCents))))); // BT-131

    private static XElement Agreement(InvoiceParties parties) => new(Ram + "ApplicableHeaderTradeAgreement",
        new XElement(Ram + "SellerTradeParty",
            new XElement(Ram + "Name", parties.Seller.Name), // BT-27
            new XElement(Ram + "SpecifiedLegalOrganization",
                new XElement(Ram + "ID", new XAttribute("schemeID", "0002"), parties.SellerSiren)), // BT-30, SIREN
            Address(parties.Seller),
            new XElement(Ram + "SpecifiedTaxRegistration",
                new XElement(Ram + "ID", new XAttribute("schemeID", "VA"), parties.SellerVatNumber))), // BT-31
        new XElement(Ram + "BuyerTradeParty",
            new XElement(Ram + "ID", parties.Buyer.Id), // BT-46: the AMC number
            new XElement(Ram + "Name", parties.Buyer.Name), // BT-44
            Address(parties.Buyer)));

    private static XElement Address(Party party) => new(Ram + "PostalTradeAddress",
        new XElement(Ram + "PostcodeCode", party.PostCode),
        new XElement(Ram + "LineOne", party.Street),
        new XElement(Ram + "CityName", party.City),
        new XElement(Ram + "CountryID", "FR"));

    private static XElement Settlement(Invoice invoice)
    {
        var totals = invoice.Totals;
        return new XElement(Ram + "ApplicableHeaderTradeSettlement",
            new XElement(Ram + "PaymentReference", invoice.Reference), // BT-83
            new XElement(Ram + "InvoiceCurrencyCode", "EUR"), // BT-5
            new XElement(Ram + "SpecifiedTradeSettlementPaymentMeans",
                new XElement(Ram + "TypeCode", "58"), // BT-81: SEPA credit transfer
                new XElement(Ram + "PayeePartyCreditorFinancialAccount", new XElement(Ram + "IBANID", invoice.Parties.SellerIban)), // BT-84
                new XElement(Ram + "PayeeSpecifiedCreditorFinancialInstitution", new XElement(Ram + "BICID", invoice.Parties.SellerBic))), // BT-86
            totals.Vat.Select(vat => new XElement(Ram + "ApplicableTradeTax",
                new XElement(Ram + "CalculatedAmount", Amount(vat.TaxCents)), // BT-117
                new XElement(Ram + "TypeCode", "VAT"),
                vat.Rule.Exemption.Length > 0 ? new XElement(Ram + "ExemptionReason", vat.Rule.Exemption) : null, // BT-120
                new XElement(Ram + "BasisAmount", Amount(vat.BasisCents)), // BT-116
                new XElement(Ram + "CategoryCode", vat.Rule.Category), // BT-118
                vat.Rule.ExemptionCode.Length > 0 ? new XElement(Ram + "ExemptionReasonCode", vat.Rule.ExemptionCode) : null, // BT-121
                new XElement(Ram + "RateApplicablePercent", Amount(vat.Rule.Rate)))), // BT-119
            new XElement(Ram + "BillingSpecifiedPeriod",
                new XElement(Ram + "StartDateTime", Day(Udt, FirstDay(invoice))), // BT-73
                new XElement(Ram + "EndDateTime", Day(Udt, invoice.Month.AddMonths(1).AddDays(-1)))), // BT-74
            new XElement(Ram + "SpecifiedTradePaymentTerms",
                new XElement(Ram + "Description", InvoiceText.Terms(invoice)), // BT-20
                new XElement(Ram + "DueDateDateTime", Day(Udt, invoice.DueOn))), // BT-9
            new XElement(Ram + "SpecifiedTradeSettlementHeaderMonetarySummation",
                new XElement(Ram + "LineTotalAmount", Amount(invoice.Lines.Sum(l => l.NetCents))), // BT-106
                new XElement(Ram + "TaxBasisTotalAmount", Amount(totals.NetCents)), // BT-109
                new XElement(Ram + "TaxTotalAmount", new XAttribute("currencyID", "EUR"), Amount(totals.VatCents)), // BT-110
                new XElement(Ram + "GrandTotalAmount", Amount(totals.GrossCents)), // BT-112
                new XElement(Ram + "DuePayableAmount", Amount(totals.GrossCents))), // BT-115
            invoice.Corrects is { } corrected
                ? new XElement(Ram + "InvoiceReferencedDocument",
                    new XElement(Ram + "IssuerAssignedID", corrected), // BT-25
                    new XElement(Ram + "FormattedIssueDateTime", Day(Qdt, invoice.CorrectedOn!.Value))) // BT-26
                : null);
    }

    /// <summary>A line of an earlier month lies within the period of the invoice (BR-30, BR-CO-19).</summary>
    private static DateOnly FirstDay(Invoice invoice) =>
        invoice.Lines.Select(l => l.DeliveredOn).OfType<DateOnly>().Append(invoice.Month).Min();

    private static XElement Day(XNamespace kind, DateOnly day) =>
        new(kind + "DateTimeString", new XAttribute("format", "102"), day.ToString("yyyyMMdd", CultureInfo.InvariantCulture));

    /// <summary>Of cents, or of hundredths of a percent.</summary>
    private static string Amount(long hundredths) => (hundredths / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
