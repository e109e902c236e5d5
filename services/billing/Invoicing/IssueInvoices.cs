using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>
/// Invoices a month: for each insurer one transaction that takes what is due and was never invoiced, the next number, and the ledger's entry. Run again, or
/// twice at once, it finds nothing more to invoice; killed, it leaves whole invoices and no gap, and the next run goes on.
/// </summary>
internal sealed class IssueInvoices(NpgsqlDataSource dataSource, InsurerDirectory insurers, InvoicingOptions options, TimeProvider time)
{
    /// <param name="month">Its first day.</param>
    /// <param name="cancel">Ends the run between two insurers.</param>
    /// <returns>How many invoices were issued now.</returns>
    public async Task<int> Run(DateOnly month, CancellationToken cancel)
    {
        await insurers.Refresh();
        var issued = 0;
        foreach (var insurer in insurers.All.OrderBy(i => i.AmcNumber, StringComparer.Ordinal))
        {
            cancel.ThrowIfCancellationRequested();
            issued += await dataSource.InTransaction(db => Issue(db, insurer, month), cancel) is null ? 0 : 1;
        }

        return issued;
    }

    /// <returns>Null when there is nothing to invoice.</returns>
    internal async Task<Invoice?> Issue(NpgsqlConnection db, Insurer insurer, DateOnly month)
    {
        // Two runs at once: the second waits here, and finds the first one's lines.
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('invoice:' || @Id::text, 0))", new { insurer.Id });
        var opinions = await Opinions(db, insurer.Id, month);
        var (members, counts) = await Members(db, insurer, month);
        var lines = (List<InvoiceLine>)[.. opinions, .. members];
        if (lines.Count == 0)
        {
            return null;
        }

        var buyer = await db.QuerySingleAsync<Party>(
            """
            select i.amc_number as id, v.invoice_name as name, '' as legal, v.invoice_street as street, v.invoice_post_code as post_code, v.invoice_city as city
            from insurer i
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            where i.id = @Id
            """, new { insurer.Id });
        var now = time.GetUtcNow();
        var issuedOn = FrenchTime.Day(now);
        // As late as can be: until the end, every other invoice waits for this row.
        var (year, sequence, number) = await InvoiceStore.NextNumber(db, issuedOn);
        var invoice = new Invoice(
            Guid.CreateVersion7(), number, InvoiceKind.Invoice, insurer.Id, month, null, null, "", issuedOn, issuedOn.AddDays(options.PaymentDays),
            CreditorReference.Of($"FA{year}{sequence:000000}"), Parties(buyer), lines, InvoiceTotals.Of(lines), now);
        await InvoiceStore.Write(db, invoice, year, sequence, corrects: null);
        foreach (var (contract, people, version) in counts)
        {
            await db.ExecuteAsync(
                """
                insert into member_month (insurer_id, month, contract, members, roster_version, invoice_id)
                values (@InsurerId, @month, @contract, @people, @version, @InvoiceId)
                """, new { InsurerId = insurer.Id, month, contract, people, version, InvoiceId = invoice.Id });
        }

        await new LedgerEntry($"invoice:{number}", null, "Invoice to an insurer", Journal.Sales)
            .Line(Account.Invoiced(insurer.Id, insurer.Name), invoice.Totals.GrossCents)
            .Line(Account.Receivable(insurer.Id, insurer.Name), -opinions.Sum(l => l.NetCents))
            .Line(Account.Subscriptions, -members.Sum(l => l.NetCents))
            .Line(Account.Vat, -invoice.Totals.VatCents)
            .Book(db, now);
        return invoice;
    }

    /// <summary>
    /// What is owed and no invoice has, taken off the list with the invoice's own transaction: also an opinion of an earlier month that was booked late.
    /// </summary>
    private async Task<List<InvoiceLine>> Opinions(NpgsqlConnection db, Guid insurerId, DateOnly month)
    {
        var vat = options.VatOf(Pricing.PerOpinion);
        var rows = await db.QueryAsync<(Guid CaseId, string Contract, DateTimeOffset DeliveredAt, long Cents)>(
            """
            with due as (
              delete from to_invoice where insurer_id = @insurerId and delivered_at < @Until returning case_id, cents, delivered_at)
            select d.case_id, k.code, d.delivered_at, d.cents
            from due d
            join coverage c on c.case_id = d.case_id
            join contract k on k.insurer_id = c.insurer_id and k.number = c.contract
            order by d.delivered_at, d.case_id
            """, new { insurerId, Until = FrenchTime.Midnight(month.AddMonths(1)) });
        return [.. rows.Select(r => new InvoiceLine(
            Pricing.PerOpinion, r.Contract, InvoiceLine.ReferenceOf(r.CaseId), FrenchTime.Day(r.DeliveredAt), r.CaseId, 1, r.Cents, vat))];
    }

    /// <summary>
    /// People insured on the month's first day, by the last roster that was there before its end and not taken back since; of older months whose rosters are
    /// gone, by the oldest that is kept.
    /// </summary>
    private async Task<(List<InvoiceLine> Lines, List<(short Contract, long People, int Version)> Counts)> Members(
        NpgsqlConnection db, Insurer insurer, DateOnly month)
    {
        var terms = insurer.Contracts.Values
            .Select(c => (c.Number, c.Code, Terms: c.TermsOn(month)))
            .Where(c => c.Terms is { PerMember: true, ServiceIncluded: true, PriceCents: > 0 } t && t.ValidFrom <= month && (t.ValidTo ?? month) >= month)
            .ToDictionary(c => c.Number);
        var invoiced = await db.QueryAsync<short>("select contract from member_month where insurer_id = @Id and month = @month", new { insurer.Id, month });
        foreach (var contract in invoiced)
        {
            terms.Remove(contract);
        }

        var roster = terms.Count == 0 ? null : await db.QuerySingleOrDefaultAsync<(int Version, string Table)?>(
            """
            select v.version, v.table_name
            from roster r
            join roster_version v on v.insurer_id = r.insurer_id and v.version <= r.version and v.dropped_at is null
            where r.insurer_id = @Id
            order by v.imported_at < @Until desc, case when v.imported_at < @Until then -v.version else v.version end
            limit 1
            """, new { insurer.Id, Until = FrenchTime.Midnight(month.AddMonths(1)) });
        if (roster is not { } counted)
        {
            return ([], []);
        }

        // The table stays until the transaction ends.
        await RosterTable.Lock(db, counted.Table);
        var people = await RosterTable.CountInsured(db, counted.Table, month);
        var vat = options.VatOf(Pricing.PerMemberPerMonth);
        var owed = terms.Values.Where(c => people.GetValueOrDefault(c.Number) > 0).OrderBy(c => c.Code, StringComparer.Ordinal).ToList();
        return (
            owed.ConvertAll(c => new InvoiceLine(Pricing.PerMemberPerMonth, c.Code, "", null, null, people[c.Number], c.Terms!.PriceCents, vat)),
            owed.ConvertAll(c => (c.Number, people[c.Number], counted.Version)));
    }

    private InvoiceParties Parties(Party buyer)
    {
        var seller = options.Seller;
        return new InvoiceParties(
            new Party(seller.Siret, seller.Name, seller.Legal, seller.Street, seller.PostCode, seller.City), buyer, seller.VatNumber, seller.Siren, seller.Iban,
            seller.Bic);
    }
}
