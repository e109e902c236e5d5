using System.Globalization;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Writes an invoice whole, and reads it back as it was written.</summary>
internal static class InvoiceStore
{
    /// <summary>
    /// Takes the next number of the year. Whoever asks meanwhile waits until this transaction ends: when it commits the number is used, when it does not, the
    /// number is the next one's. So there is never a gap, however a process ends.
    /// </summary>
    public static async Task<(int Year, int Sequence, string Number)> NextNumber(NpgsqlConnection db, DateOnly issuedOn)
    {
        var sequence = await db.ExecuteScalarAsync<int>(
            """
            insert into invoice_sequence (year, last) values (@Year, 1)
            on conflict (year) do update set last = invoice_sequence.last + 1
            returning last
            """, new { Year = (short)issuedOn.Year });
        return (issuedOn.Year, sequence, string.Create(CultureInfo.InvariantCulture, $"{issuedOn.Year}-{sequence:000000}"));
    }

    /// <summary>Within the transaction that took the number.</summary>
    public static async Task Write(NpgsqlConnection db, Invoice invoice, int year, int sequence, Guid? corrects)
    {
        await db.ExecuteAsync(
            """
            insert into invoice (id, year, sequence, number, kind, insurer_id, month, corrects, reason, issued_on, due_on, reference, parties, net_cents,
              vat_cents, gross_cents, issued_at)
            values (@Id, @Year, @sequence, @Number, @Kind, @InsurerId, @Month, @corrects, @Reason, @IssuedOn, @DueOn, @Reference, @Parties::jsonb, @NetCents,
              @VatCents, @GrossCents, @IssuedAt)
            """,
            new
            {
                invoice.Id,
                Year = (short)year,
                sequence,
                invoice.Number,
                Kind = (Word<InvoiceKind>)invoice.Kind,
                invoice.InsurerId,
                invoice.Month,
                corrects,
                Reason = invoice.Kind == InvoiceKind.CreditNote ? invoice.Reason : null,
                invoice.IssuedOn,
                invoice.DueOn,
                invoice.Reference,
                Parties = JsonSerializer.Serialize(invoice.Parties),
                invoice.Totals.NetCents,
                invoice.Totals.VatCents,
                invoice.Totals.GrossCents,
                invoice.IssuedAt,
            });
        var lines = invoice.Lines;
        await db.ExecuteAsync(
            """
            insert into invoice_line (invoice_id, line, pricing, contract_code, reference, delivered_on, case_id, quantity, unit_cents, net_cents, vat_category,
              vat_rate, vat_exemption, vat_exemption_code, credits_invoice, credits_line)
            select @Id, l.line, l.pricing, l.contract, l.reference, l.delivered_on, l.case_id, l.quantity, l.unit, l.quantity * l.unit, l.category, l.rate,
              l.exemption, l.exemption_code, case when l.credits is null then null else @corrects::uuid end, l.credits
            from unnest(@Pricings, @Contracts, @References, @Days, @Cases, @Quantities, @Units, @Categories, @Rates, @Exemptions, @ExemptionCodes, @Credits)
              with ordinality l (pricing, contract, reference, delivered_on, case_id, quantity, unit, category, rate, exemption, exemption_code, credits, line)
            """,
            new
            {
                invoice.Id,
                corrects,
                Pricings = lines.Select(l => l.Pricing.Word()).ToArray(),
                Contracts = lines.Select(l => l.ContractCode).ToArray(),
                References = lines.Select(l => l.Reference).ToArray(),
                Days = lines.Select(l => l.DeliveredOn).ToArray(),
                Cases = lines.Select(l => l.CaseId).ToArray(),
                Quantities = lines.Select(l => l.Quantity).ToArray(),
                Units = lines.Select(l => l.UnitCents).ToArray(),
                Categories = lines.Select(l => l.Vat.Category).ToArray(),
                Rates = lines.Select(l => l.Vat.Rate).ToArray(),
                Exemptions = lines.Select(l => l.Vat.Exemption).ToArray(),
                ExemptionCodes = lines.Select(l => l.Vat.ExemptionCode).ToArray(),
                Credits = lines.Select(l => l.Credits).ToArray(),
            });
        foreach (var vat in invoice.Totals.Vat)
        {
            await db.ExecuteAsync(
                """
                insert into invoice_vat (invoice_id, category, rate, exemption, exemption_code, basis_cents, tax_cents)
                values (@Id, @Category, @Rate, @Exemption, @ExemptionCode, @BasisCents, @TaxCents)
                """,
                new { invoice.Id, vat.Rule.Category, vat.Rule.Rate, vat.Rule.Exemption, vat.Rule.ExemptionCode, vat.BasisCents, vat.TaxCents });
        }

        await PartnerEvent.Write(
            db, invoice.InsurerId, corrects is null ? PartnerEventType.InvoiceIssued : PartnerEventType.InvoiceCredited, corrects ?? invoice.Id,
            new(Number: invoice.Number, InvoiceId: invoice.Id, Month: invoice.Month.ToString("yyyy-MM", CultureInfo.InvariantCulture),
                Total: Money.FromCents(invoice.Totals.GrossCents)),
            invoice.IssuedAt);
    }

    /// <param name="db">The database.</param>
    /// <param name="id">The invoice.</param>
    /// <param name="insurerId">Only when it is this insurer's; null for any.</param>
    public static async Task<Invoice?> Read(NpgsqlConnection db, Guid id, Guid? insurerId)
    {
        var row = await db.QuerySingleOrDefaultAsync<InvoiceRow>(
            """
            select i.id, i.number, i.kind, i.insurer_id, i.month, c.number as corrects, c.issued_on as corrected_on, i.reason, i.issued_on, i.due_on,
              i.reference, i.parties::text as parties, i.issued_at
            from invoice i
            left join invoice c on c.id = i.corrects
            where i.id = @id and (@insurerId::uuid is null or i.insurer_id = @insurerId)
            """, new { id, insurerId });
        if (row is null)
        {
            return null;
        }

        var lines = (await db.QueryAsync<LineRow>(
            """
            select pricing, contract_code, reference, delivered_on, case_id, quantity, unit_cents, vat_category, vat_rate, vat_exemption, vat_exemption_code,
              credits_line
            from invoice_line
            where invoice_id = @id
            order by line
            """, new { id })).Select(l => new InvoiceLine(
                l.Pricing.Value, l.ContractCode, l.Reference, l.DeliveredOn, l.CaseId, l.Quantity, l.UnitCents,
                new VatRule(l.VatCategory, l.VatRate, l.VatExemption, l.VatExemptionCode), l.CreditsLine)).ToList();
        return new Invoice(
            row.Id, row.Number, row.Kind.Value, row.InsurerId, row.Month, row.Corrects, row.CorrectedOn, row.Reason ?? "", row.IssuedOn, row.DueOn,
            row.Reference, JsonSerializer.Deserialize<InvoiceParties>(row.Parties)!, lines, InvoiceTotals.Of(lines), row.IssuedAt);
    }

    private sealed record LineRow(
        Word<Pricing> Pricing, string ContractCode, string Reference, DateOnly? DeliveredOn, Guid? CaseId, long Quantity, long UnitCents, string VatCategory,
        int VatRate, string VatExemption, string VatExemptionCode, int? CreditsLine);
}
