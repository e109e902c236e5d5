using System.Globalization;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Http;

namespace SecondOpinion.Billing.Payments;

/// <summary>Says what money is for: as much as an invoice is open goes to it, what is beyond waits as an advance of its insurer.</summary>
internal static class PlacePayment
{
    /// <param name="Placed">What went to the invoice.</param>
    /// <param name="Beyond">What was more than it was open by.</param>
    internal sealed record Placement(long Placed, long Beyond);

    internal sealed record OpenInvoice(Guid Id, Guid InsurerId, string Name, long OpenCents);

    /// <summary>Locks it: two payments of one invoice are placed one after the other.</summary>
    public static async Task<OpenInvoice?> Find(NpgsqlConnection db, Guid? id, IReadOnlyList<string> references)
    {
        var found = await db.ExecuteScalarAsync<Guid?>(
            "select id from invoice where kind = 'invoice' and (id = @id or reference = any(@References)) limit 1",
            new { id, References = references.ToArray() });
        if (found is not { } invoice)
        {
            return null;
        }

        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('paid:' || @invoice::text, 0))", new { invoice });
        return await db.QuerySingleAsync<OpenInvoice>(
            """
            select o.id, o.insurer_id, v.name, o.open_cents::bigint as open_cents
            from invoice_open o
            join insurer i on i.id = o.insurer_id
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            where o.id = @invoice
            """, new { invoice });
    }

    /// <summary>Writes the settlement and adds the ledger's credit lines; the debit is the caller's.</summary>
    public static async Task<Placement> On(NpgsqlConnection db, OpenInvoice invoice, Guid entryId, long cents, LedgerEntry entry, DateTimeOffset now)
    {
        var placed = Math.Clamp(invoice.OpenCents, 0, cents);
        if (placed > 0)
        {
            await db.ExecuteAsync(
                "insert into settlement (id, invoice_id, entry_id, cents, settled_at) values (@Id, @InvoiceId, @entryId, @placed, @now)",
                new { Id = Guid.CreateVersion7(), InvoiceId = invoice.Id, entryId, placed, now });
        }

        if (placed > 0 && placed == invoice.OpenCents)
        {
            await TellPaid(db, invoice, now);
        }

        entry.Line(Account.Invoiced(invoice.InsurerId, invoice.Name), -placed).Line(Account.Advance(invoice.InsurerId), placed - cents);
        return new Placement(placed, cents - placed);
    }

    private static async Task TellPaid(NpgsqlConnection db, OpenInvoice invoice, DateTimeOffset now)
    {
        var (number, month, cents) = await db.QuerySingleAsync<(string, DateOnly, long)>(
            "select number, month, gross_cents from invoice where id = @Id", new { invoice.Id });
        await PartnerEvent.Write(
            db, invoice.InsurerId, PartnerEventType.InvoicePaid, invoice.Id,
            new(Number: number, InvoiceId: invoice.Id, Month: month.ToString("yyyy-MM", CultureInfo.InvariantCulture), Total: Money.FromCents(cents)), now);
    }
}
