using System.Globalization;
using SecondOpinion.ServiceDefaults.Pdf;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Sets an invoice or a credit note as a French PDF with its data inside (Factur-X).</summary>
internal sealed class InvoicePdf(Fonts fonts)
{
    private const double Text = 9.5;
    private const double Small = 8;
    private const double QuantityEdge = 350;
    private const double UnitEdge = 445;

    public byte[] Set(Invoice invoice) => PdfFile.Set(
        new PdfAbout(Title(invoice), invoice.Parties.Seller.Name, InvoiceText.Month(invoice.Month), invoice.IssuedAt),
        fonts,
        sheet =>
        {
            sheet.Title(Title(invoice));
            Parties(sheet, invoice);
            Amounts(sheet, invoice);
            Payment(sheet, invoice);
            Details(sheet, invoice);
        },
        (page, number, pages) => page.Text(
            $"{invoice.Parties.Seller.Name} · SIRET {invoice.Parties.Seller.Id} · {Title(invoice)} · page {number} sur {pages}",
            fonts.Plain(7.5, Sheet.Quiet), Sheet.Left, 812),
        FacturX.Attachment(invoice));

    private static string Title(Invoice invoice) => (invoice.Kind == InvoiceKind.CreditNote ? "Avoir n° " : "Facture n° ") + invoice.Number;

    private static void Parties(Sheet sheet, Invoice invoice)
    {
        var (seller, buyer) = (invoice.Parties.Seller, invoice.Parties.Buyer);
        Pair("Émise le", InvoiceText.Day(invoice.IssuedOn));
        Pair("Pour le mois", InvoiceText.Month(invoice.Month));
        if (invoice.Corrects is { } corrected)
        {
            Pair("Corrige", $"facture {corrected} du {InvoiceText.Day(invoice.CorrectedOn!.Value)}");
            Pair("Motif", invoice.Reason);
        }

        Pair("Vendeur", $"{seller.Name}\n{seller.Street}\n{seller.PostCode} {seller.City}\n{seller.Legal}\nSIRET {seller.Id} · "
            + $"TVA {invoice.Parties.SellerVatNumber}");
        Pair("Client", $"{buyer.Name}\n{buyer.Street}\n{buyer.PostCode} {buyer.City}\nNuméro AMC {buyer.Id}");

        void Pair(string label, string value)
        {
            sheet.Pair(label, value, sheet.Plain(Text, Sheet.Quiet), sheet.Plain(Text), Sheet.Left, Sheet.Left + 110, Sheet.Width - 110);
            sheet.Space(4);
        }
    }

    private static void Amounts(Sheet sheet, Invoice invoice)
    {
        sheet.Heading("Montants");
        sheet.Row(
            [
                ("Désignation", Sheet.Left, false), ("Quantité", QuantityEdge, true), ("Prix unitaire HT", UnitEdge, true), ("Montant HT", Sheet.Right, true),
            ], sheet.Plain(Small, Sheet.Quiet));
        foreach (var group in invoice.Lines.GroupBy(l => (l.Pricing, l.ContractCode, l.UnitCents, l.Vat)))
        {
            // The designation may be long: it has a line of its own.
            sheet.Paragraph(InvoiceText.Product(group.First()), sheet.Plain(Text));
            sheet.Row(
                [
                    ($"TVA {(group.Key.Vat.Exemption.Length > 0 ? "exonérée" : InvoiceText.Rate(group.Key.Vat))}", Sheet.Left, false),
                    (group.Sum(l => l.Quantity).ToString("N0", CultureInfo.GetCultureInfo("fr-FR")), QuantityEdge, true),
                    (InvoiceText.Euros(group.Key.UnitCents), UnitEdge, true), (InvoiceText.Euros(group.Sum(l => l.NetCents)), Sheet.Right, true),
                ], sheet.Plain(Text));
            sheet.Space(4);
        }

        sheet.Space(6);
        Total("Total HT", invoice.Totals.NetCents, strong: false);
        foreach (var vat in invoice.Totals.Vat)
        {
            Total($"TVA {InvoiceText.Rate(vat.Rule)} sur {InvoiceText.Euros(vat.BasisCents)}", vat.TaxCents, strong: false);
        }

        Total(invoice.Kind == InvoiceKind.CreditNote ? "Total de l'avoir TTC" : "Total à payer TTC", invoice.Totals.GrossCents, strong: true);
        foreach (var exemption in invoice.Totals.Vat.Select(v => v.Rule.Exemption).Where(e => e.Length > 0).Distinct())
        {
            sheet.Paragraph(exemption + ".", sheet.Plain(Small, Sheet.Quiet));
        }

        void Total(string label, long cents, bool strong) =>
            sheet.Row([(label, UnitEdge - 150, false), (InvoiceText.Euros(cents), Sheet.Right, true)], strong ? sheet.Strong(Text) : sheet.Plain(Text));
    }

    private static void Payment(Sheet sheet, Invoice invoice)
    {
        sheet.Heading("Règlement");
        sheet.Paragraph(InvoiceText.Terms(invoice), sheet.Strong(Text));
        if (invoice.Kind == InvoiceKind.CreditNote)
        {
            return;
        }

        sheet.Paragraph($"IBAN {Grouped(invoice.Parties.SellerIban)} · BIC {invoice.Parties.SellerBic}", sheet.Plain(Text));
        sheet.Space(4);
        foreach (var mention in (string[])[InvoiceText.LatePayment, InvoiceText.Recovery, InvoiceText.NoDiscount])
        {
            sheet.Paragraph(mention, sheet.Plain(Small, Sheet.Quiet));
        }
    }

    /// <summary>One line an opinion: its reference and its day, nothing else.</summary>
    private static void Details(Sheet sheet, Invoice invoice)
    {
        var opinions = invoice.Lines.Where(l => l.DeliveredOn is not null).ToList();
        if (opinions.Count == 0)
        {
            return;
        }

        sheet.Heading("Avis rendus");
        foreach (var line in opinions)
        {
            sheet.Row(
                [
                    (line.Reference, Sheet.Left, false), ($"rendu le {InvoiceText.Day(line.DeliveredOn!.Value)}", Sheet.Left + 130, false),
                    ($"contrat {line.ContractCode}", Sheet.Left + 250, false), (InvoiceText.Euros(line.NetCents), Sheet.Right, true),
                ], sheet.Plain(Small));
        }
    }

    private static string Grouped(string iban) => string.Join('\u00A0', iban.Chunk(4).Select(c => new string(c)));
}
