using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace SecondOpinion.Billing.Payments;

/// <param name="Key">Tells the line from all others of the account.</param>
/// <param name="Cents">Credits positive.</param>
/// <param name="References">What may be a reference in it (ISO 11649), the structured one first.</param>
/// <param name="OrderId">Of our order, on the line of a debit.</param>
internal sealed record StatementLine(string Key, long Cents, DateOnly BookedOn, IReadOnlyList<string> References, string? OrderId);

internal sealed record Statement(string Iban, string Id, IReadOnlyList<StatementLine> Lines);

/// <summary>Reads statements of an account (camt.053): booked lines in euros. Pending ones come again when they are booked.</summary>
internal static class StatementFile
{
    /// <returns>Null when a line lacks what makes it one: nothing of such a file is taken.</returns>
    public static List<Statement>? Read(XElement message)
    {
        var statements = new List<Statement>();
        foreach (var statement in message.Each("Stmt"))
        {
            var lines = statement.Each("Ntry").Where(IsBooked).Select(Line).ToList();
            if (statement.At("Id") is not { Length: > 0 } id || statement.At("Acct", "Id", "IBAN") is not { Length: > 0 } iban || lines.Contains(null))
            {
                return null;
            }

            statements.Add(new Statement(iban, id, [.. Numbered(lines.OfType<StatementLine>())]));
        }

        return statements.Count == 0 ? null : statements;
    }

    private static bool IsBooked(XElement entry) => (entry.At("Sts", "Cd") ?? entry.At("Sts")) == "BOOK";

    private static StatementLine? Line(XElement entry)
    {
        var amount = entry.Each("Amt").FirstOrDefault();
        var sign = entry.At("CdtDbtInd") switch { "CRDT" => 1, "DBIT" => -1, _ => 0 };
        // A moment's day as the bank wrote it, whatever its offset.
        var day = (entry.At("BookgDt", "Dt") ?? entry.At("BookgDt", "DtTm") ?? "").Split('T')[0];
        if (BankXml.Cents(amount?.Value.Trim()) is not { } cents || cents == 0 || sign == 0 || (string?)amount!.Attribute("Ccy") != "EUR"
            || !DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var bookedOn))
        {
            return null;
        }

        var details = entry.Each("NtryDtls").SelectMany(d => d.Each("TxDtls")).ToList();
        var structured = details.SelectMany(d => d.Each("RmtInf")).SelectMany(r => r.Each("Strd")).Select(s => s.At("CdtrRefInf", "Ref"));
        var written = details.SelectMany(d => d.Each("RmtInf")).SelectMany(r => r.Each("Ustrd")).Select(u => u.Value)
            .Append(details.Select(d => d.At("Refs", "EndToEndId")).FirstOrDefault());
        var order = entry.Each("NtryDtls").Select(d => d.At("Btch", "PmtInfId") ?? d.At("Btch", "MsgId")).FirstOrDefault(o => o is not null)
            ?? details.Select(d => d.At("Refs", "PmtInfId") ?? d.At("Refs", "MsgId")).FirstOrDefault(o => o is not null);
        return new StatementLine(
            entry.At("AcctSvcrRef") ?? entry.At("NtryRef") ?? "", sign * cents, bookedOn,
            [.. structured.Concat(written).OfType<string>().SelectMany(CreditorReference.In).Distinct()], order);
    }

    /// <summary>A line without the bank's own reference is told by what it says; two that say the same on a day are the first and the second.</summary>
    private static IEnumerable<StatementLine> Numbered(IEnumerable<StatementLine> lines)
    {
        var seen = new Dictionary<string, int>();
        foreach (var line in lines)
        {
            if (line.Key.Length > 0)
            {
                yield return line;
                continue;
            }

            var said = string.Create(CultureInfo.InvariantCulture, $"{line.BookedOn:yyyyMMdd}|{line.Cents}|{string.Join(',', line.References)}|{line.OrderId}");
            var nth = seen[said] = seen.GetValueOrDefault(said) + 1;
            yield return line with { Key = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{said}|{nth}"))) };
        }
    }
}
