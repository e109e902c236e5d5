using System.Globalization;
using System.Text;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>An invoice's lines for a spreadsheet: semicolons, decimal commas and a mark of UTF-8, so that Excel in France opens it right.</summary>
internal static class InvoiceCsv
{
    public const string Header = "numero;ligne;nature;contrat;reference;rendu_le;quantite;prix_unitaire_ht;montant_ht;tva_categorie;tva_taux";

    public static byte[] Write(Invoice invoice)
    {
        var csv = new StringBuilder(Header + "\r\n");
        foreach (var (index, line) in invoice.Lines.Index())
        {
            csv.Append(CultureInfo.InvariantCulture,
                $"{invoice.Number};{index + 1};{line.Pricing.Word()};{line.ContractCode};{line.Reference};{line.DeliveredOn:yyyy-MM-dd};{line.Quantity};")
                .Append(CultureInfo.InvariantCulture, $"{Amount(line.UnitCents)};{Amount(line.NetCents)};{line.Vat.Category};{Amount(line.Vat.Rate)}\r\n");
        }

        return [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(csv.ToString())];
    }

    private static string Amount(long hundredths) => string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100},{hundredths % 100:00}");
}
