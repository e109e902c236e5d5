using System.ComponentModel.DataAnnotations;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Takes an invoice back, whole or some of its lines, by a credit note: what was issued is never changed.</summary>
internal static class CreditInvoice
{
    private const int LongestReason = 200;
    private const int MostLines = 10_000;

    /// <summary>What is taken back, and why.</summary>
    /// <param name="Reason">French, 1 to 200 characters, printed on the credit note: nothing about a person.</param>
    /// <param name="Lines">Numbers of the invoice's lines; all that were not taken back before when left out.</param>
    internal sealed record CreditNoteRequest(
        [property: Length(1, LongestReason)] string Reason, [property: Length(1, MostLines)] IReadOnlyList<int>? Lines = null);

    /// <summary>A credit note that was issued.</summary>
    /// <param name="Id">The credit note; read it like an invoice.</param>
    /// <param name="Number">In the sequence of invoices.</param>
    /// <param name="Total">What is taken back, VAT included.</param>
    internal sealed record CreditNoteIssued(Guid Id, string Number, Money Total);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/invoices/{invoiceId:guid}/credit-notes", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.NothingToCredit)
        .WithName("CreditInvoice")
        .WithSummary("Issues a credit note")
        .WithDescription("A line can be taken back once. An opinion that was taken back is not invoiced again.");

    /// <param name="invoiceId">The invoice.</param>
    private static async Task<Results<Once<Created<CreditNoteIssued>>, Problem>> Handle(
        Guid invoiceId, CreditNoteRequest request, HttpContext http, NpgsqlDataSource dataSource, InsurerDirectory insurers, TimeProvider time) =>
        string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > LongestReason
            ? CommonProblems.Invalid(new FieldError("#/reason", "missing", $"Indiquez le motif de l'avoir ({LongestReason} caractères au plus)."))
            : await Idempotent.Run<CreditNoteRequest, Created<CreditNoteIssued>>(dataSource, http, request, async db =>
            {
                // Two credit notes of one invoice, one after the other.
                await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('credit:' || @invoiceId::text, 0))", new { invoiceId });
                if (await InvoiceStore.Read(db, invoiceId, insurerId: null) is not { Kind: InvoiceKind.Invoice } invoice
                    || insurers.ById(invoice.InsurerId) is not { } insurer)
                {
                    return CommonProblems.Absent();
                }

                var credited = (await db.QueryAsync<int>("select credits_line from invoice_line where credits_invoice = @invoiceId", new { invoiceId }))
                    .ToHashSet();
                var lines = invoice.Lines.Index().Select(l => l.Item with { Credits = l.Index + 1 })
                    .Where(l => !credited.Contains(l.Credits!.Value) && request.Lines?.Contains(l.Credits.Value) != false).ToList();
                if (lines.Count == 0 || (request.Lines is { } asked && lines.Count != asked.Distinct().Count()))
                {
                    return Problems.LinesNotThere();
                }

                var note = await Issue(db, invoice, lines, request.Reason, insurer, time.GetUtcNow());
                return TypedResults.Created(
                    $"/api/v1/invoices/{note.Id}/pdf", new CreditNoteIssued(note.Id, note.Number, Money.FromCents(note.Totals.GrossCents)));
            });

    private static async Task<Invoice> Issue(
        NpgsqlConnection db, Invoice invoice, List<InvoiceLine> lines, string reason, Insurer insurer, DateTimeOffset now)
    {
        var issuedOn = FrenchTime.Day(now);
        var (year, sequence, number) = await InvoiceStore.NextNumber(db, issuedOn);
        var note = invoice with
        {
            Id = Guid.CreateVersion7(),
            Number = number,
            Kind = InvoiceKind.CreditNote,
            Corrects = invoice.Number,
            CorrectedOn = invoice.IssuedOn,
            Reason = reason,
            IssuedOn = issuedOn,
            DueOn = issuedOn,
            Reference = CreditorReference.Of($"AV{year}{sequence:000000}"),
            Lines = lines,
            Totals = InvoiceTotals.Of(lines),
            IssuedAt = now,
        };
        await InvoiceStore.Write(db, note, year, sequence, invoice.Id);
        await new LedgerEntry($"credit-note:{number}", null, "Credit note to an insurer", Journal.Sales)
            .Line(Account.Opinions, Net(Pricing.PerOpinion))
            .Line(Account.Subscriptions, Net(Pricing.PerMemberPerMonth))
            .Line(Account.Vat, note.Totals.VatCents)
            .Line(Account.Invoiced(insurer.Id, insurer.Name), -note.Totals.GrossCents)
            .Book(db, now);
        return note;

        long Net(Pricing pricing) => lines.Where(l => l.Pricing == pricing).Sum(l => l.NetCents);
    }
}
