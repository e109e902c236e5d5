using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using SecondOpinion.Billing.Invoicing;

namespace SecondOpinion.Billing.Fees;

/// <param name="EndToEndId">At most 35 characters; comes back in the bank's reports.</param>
/// <param name="Holder">As the bank of the payee has it.</param>
/// <param name="Bic">Empty when not known.</param>
/// <param name="Text">What the payee reads, at most 140 characters.</param>
internal sealed record CreditTransfer(string EndToEndId, long Cents, string Holder, string Iban, string Bic, string Text);

/// <summary>An order of SEPA credit transfers: <c>pain.001.001.09</c> of ISO 20022, within the rules of the EPC.</summary>
internal static class CreditTransferFile
{
    private static readonly XNamespace Pain = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

    public static string Write(string messageId, DateTimeOffset now, DateOnly executionOn, SellerOptions debtor, IReadOnlyList<CreditTransfer> transfers)
    {
        var (count, sum) = (transfers.Count, Amount(transfers.Sum(t => t.Cents)));
        var document = new XDocument(new XElement(Pain + "Document", new XElement(
            Pain + "CstmrCdtTrfInitn",
            new XElement(Pain + "GrpHdr",
                Leaf("MsgId", messageId),
                Leaf("CreDtTm", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
                Leaf("NbOfTxs", count),
                Leaf("CtrlSum", sum),
                new XElement(Pain + "InitgPty", Leaf("Nm", SepaText.Of(debtor.Name, 70)))),
            new XElement(Pain + "PmtInf",
                Leaf("PmtInfId", messageId),
                Leaf("PmtMtd", "TRF"),
                // One debit an order: the statement then shows one line.
                Leaf("BtchBookg", "true"),
                Leaf("NbOfTxs", count),
                Leaf("CtrlSum", sum),
                new XElement(Pain + "PmtTpInf", new XElement(Pain + "SvcLvl", Leaf("Cd", "SEPA"))),
                new XElement(Pain + "ReqdExctnDt", Leaf("Dt", executionOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))),
                new XElement(Pain + "Dbtr", Leaf("Nm", SepaText.Of(debtor.Name, 70))),
                Account("DbtrAcct", debtor.Iban),
                Agent("DbtrAgt", debtor.Bic),
                Leaf("ChrgBr", "SLEV"),
                transfers.Select(Transfer)))));
        using var file = new MemoryStream();
        using (var writer = XmlWriter.Create(file, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true, NewLineChars = "\n" }))
        {
            document.Save(writer);
        }

        return Encoding.UTF8.GetString(file.ToArray());
    }

    private static XElement Transfer(CreditTransfer transfer) => new(Pain + "CdtTrfTxInf",
        new XElement(Pain + "PmtId", Leaf("EndToEndId", transfer.EndToEndId)),
        new XElement(Pain + "Amt", new XElement(Pain + "InstdAmt", new XAttribute("Ccy", "EUR"), Amount(transfer.Cents))),
        transfer.Bic.Length > 0 ? Agent("CdtrAgt", transfer.Bic) : null,
        new XElement(Pain + "Cdtr", Leaf("Nm", SepaText.Of(transfer.Holder, 70))),
        Account("CdtrAcct", transfer.Iban),
        new XElement(Pain + "RmtInf", Leaf("Ustrd", SepaText.Of(transfer.Text, 140))));

    private static XElement Account(string name, string iban) => new(Pain + name, new XElement(Pain + "Id", Leaf("IBAN", iban)));

    private static XElement Agent(string name, string bic) => new(Pain + name, new XElement(Pain + "FinInstnId", Leaf("BICFI", bic)));

    private static XElement Leaf(string name, object value) => new(Pain + name, value);

    private static string Amount(long cents) => (cents / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
