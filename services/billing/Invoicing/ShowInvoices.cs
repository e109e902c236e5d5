using System.Globalization;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Invoices and credit notes: an insurer reads its own, ops all; each as PDF with its data inside, as XML and as CSV.</summary>
internal static class ShowInvoices
{
    private const string Filter = "invoices";

    /// <summary>An invoice or a credit note.</summary>
    /// <param name="Id">The invoice.</param>
    /// <param name="Number">Year and continuous number, e.g. <c>2026-000042</c>; credit notes are in the same sequence.</param>
    /// <param name="Kind"><c>invoice</c> or <c>credit_note</c>.</param>
    /// <param name="InsurerId">Who owes it.</param>
    /// <param name="Month">yyyy-mm.</param>
    /// <param name="Corrects">The invoice that a credit note takes back, whole or in part; null otherwise.</param>
    /// <param name="IssuedOn">Day in Paris.</param>
    /// <param name="DueOn">Last day for the payment.</param>
    /// <param name="Reference">To be named by the payment (ISO 11649).</param>
    /// <param name="Net">Without VAT.</param>
    /// <param name="Vat">VAT.</param>
    /// <param name="Total">VAT included.</param>
    internal sealed record InvoiceSummary(
        Guid Id, string Number, string Kind, Guid InsurerId, string Month, Guid? Corrects, DateOnly IssuedOn, DateOnly DueOn, string Reference, Money Net,
        Money Vat, Money Total);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/invoices", List).AllowRoles(Roles.Partner, Roles.Ops)
            .WithName("ListInvoices").WithSummary("Invoices and credit notes, in the order of issue")
            .WithDescription("An insurer's token sees its own. `after` is the `next` of the page before.");
        api.MapGet("/invoices/{invoiceId:guid}/{format}", Download).AllowRoles(Roles.Partner, Roles.Ops)
            .GivesFile("application/pdf", "application/xml", "text/csv")
            .WithName("DownloadInvoice").WithSummary("An invoice as a file")
            .WithDescription(
                "`pdf`: French, PDF/A-3 with its data inside (Factur-X, profile EN 16931); `xml`: those data alone; `csv`: the lines for a spreadsheet. A line "
                + "has a pseudonym and the day of delivery, nothing about anybody.");
    }

    private static async Task<Results<Ok<Page<InvoiceSummary>>, Problem>> List(
        ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel, int? limit = null, string? after = null)
    {
        if (!cursors.Read(limit, after, user, Filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var rows = (await db.QueryAsync<Row>(
            """
            select id, number, kind, insurer_id, month, corrects, issued_on, due_on, reference, net_cents, vat_cents, gross_cents
            from invoice
            where (@last::uuid is null or id > @last) and (@InsurerId::uuid is null or insurer_id = @InsurerId)
            order by id
            limit @Count
            """, new { last, InsurerId = Own(user), Count = size + 1 })).AsList();
        var more = rows.Count > size;
        var items = rows.Take(size).Select(r => new InvoiceSummary(
            r.Id, r.Number, r.Kind.Text, r.InsurerId, r.Month.ToString("yyyy-MM", CultureInfo.InvariantCulture), r.Corrects, r.IssuedOn, r.DueOn, r.Reference,
            Money.FromCents(r.NetCents), Money.FromCents(r.VatCents), Money.FromCents(r.GrossCents))).ToList();
        return TypedResults.Ok(new Page<InvoiceSummary>(items, more ? cursors.Encode(items[^1].Id, user, Filter) : null));
    }

    /// <param name="invoiceId">The invoice; an insurer's own token opens its own only.</param>
    /// <param name="format"><c>pdf</c>, <c>xml</c> or <c>csv</c>.</param>
    /// <returns>The file.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Download(
        Guid invoiceId, string format, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Fonts fonts)
    {
        if (format is not ("pdf" or "xml" or "csv"))
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        if (await InvoiceStore.Read(db, invoiceId, Own(user)) is not { } invoice)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var name = $"{(invoice.Kind == InvoiceKind.CreditNote ? "avoir" : "facture")}-{invoice.Number}.{format}";
        return format switch
        {
            "pdf" => TypedResults.File(new InvoicePdf(fonts).Set(invoice), "application/pdf", name),
            "xml" => TypedResults.File(FacturX.Write(invoice), "application/xml", name),
            _ => TypedResults.File(InvoiceCsv.Write(invoice), "text/csv; charset=utf-8", name),
        };
    }

    /// <returns>The only insurer whose invoices are shown; null for ops, who see all.</returns>
    private static Guid? Own(ClaimsPrincipal user) => user.Role() == Roles.Partner ? user.InsurerId() : null;

    private sealed record Row(
        Guid Id, string Number, Word<InvoiceKind> Kind, Guid InsurerId, DateOnly Month, Guid? Corrects, DateOnly IssuedOn, DateOnly DueOn, string Reference,
        long NetCents, long VatCents, long GrossCents);
}
