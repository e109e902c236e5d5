using System.Globalization;
using System.Text;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fees;

/// <summary>A physician's statement of a month as PDF, and the yearly list for the tax office (DAS2).</summary>
internal static class ShowFees
{
    public const string Das2Header = "annee;siret;titulaire;adresse;code_postal;commune;honoraires;avis";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/fees/statements/{physicianId:guid}/{month}", Statement).AllowRoles(Roles.Ops)
            .GivesFile("application/pdf")
            .WithName("DownloadFeeStatement").WithSummary("A physician's statement of a month")
            .WithDescription("French PDF: the opinions of the month, by pseudonym and day, with what became of each fee.");
        api.MapGet("/fees/das2/{year:int}", Das2).AllowRoles(Roles.Ops)
            .GivesFile("text/csv")
            .WithName("ExportDas2").WithSummary("Fees paid in a year, by physician (DAS2)")
            .WithDescription("Physicians from the declared threshold on. A transfer counts in the year of its execution, unless the bank rejected it.");
    }

    /// <param name="physicianId">The physician's pseudonym.</param>
    /// <param name="month">yyyy-mm.</param>
    /// <returns>The statement.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Statement(
        Guid physicianId, string month, HttpContext http, NpgsqlDataSource dataSource, Fonts fonts, InvoicingOptions options, TimeProvider time)
    {
        if (RunInvoices.Month(month) is not { } first)
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        var rows = (await db.QueryAsync<FeeRow>(
            """
            select f.case_id, f.delivered_at, f.cents, f.state, r.execution_on
            from fee f
            left join fee_transfer t on t.id = f.transfer_id
            left join fee_run r on r.id = t.run_id
            where f.physician_id = @physicianId and f.delivered_at >= @From and f.delivered_at < @Until
            order by f.delivered_at, f.case_id
            """, new { physicianId, From = FrenchTime.Midnight(first), Until = FrenchTime.Midnight(first.AddMonths(1)) })).AsList();
        if (rows.Count == 0)
        {
            return CommonProblems.Absent();
        }

        var holder = await db.ExecuteScalarAsync<string?>(
            "select holder from payee_version where physician_id = @physicianId order by version desc limit 1", new { physicianId });
        http.Response.Headers.CacheControl = "no-store";
        var about = new PdfAbout($"Relevé d'honoraires, {InvoiceText.Month(first)}", options.Seller.Name, "Honoraires des deuxièmes avis", time.GetUtcNow());
        return TypedResults.File(
            PdfFile.Set(about, fonts, sheet => Draw(sheet, about.Title, holder ?? "", options.Seller, rows)), "application/pdf", $"honoraires-{month}.pdf");
    }

    /// <param name="year">The calendar year.</param>
    /// <returns>The list.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Das2(int year, HttpContext http, NpgsqlDataSource dataSource, FeeOptions options)
    {
        if (year is < 2000 or > 9998)
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        var rows = await db.QueryAsync<Das2Row>(
            """
            select p.siret, p.holder, p.street, p.post_code, p.city, s.cents, s.opinions
            from (
              select t.physician_id, sum(t.cents)::bigint as cents, sum((select count(*) from fee f where f.transfer_id = t.id))::bigint as opinions
              from fee_transfer t
              join fee_run r on r.id = t.run_id
              where t.state <> 'rejected' and r.execution_on >= @From and r.execution_on < @Until
              group by t.physician_id) s
            join lateral (select * from payee_version v where v.physician_id = s.physician_id order by v.version desc limit 1) p on true
            where s.cents >= @Das2ThresholdCents
            order by p.holder, p.siret
            """, new { From = new DateOnly(year, 1, 1), Until = new DateOnly(year + 1, 1, 1), options.Das2ThresholdCents });
        var csv = new StringBuilder(Das2Header + "\r\n");
        foreach (var row in rows)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{year};{row.Siret};{Cell(row.Holder)};{Cell(row.Street)};{Cell(row.PostCode)};{Cell(row.City)};")
                .Append(CultureInfo.InvariantCulture, $"{row.Cents / 100},{row.Cents % 100:00};{row.Opinions}\r\n");
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.File((byte[])[.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(csv.ToString())], "text/csv; charset=utf-8", $"das2-{year}.csv");
    }

    private static void Draw(Sheet sheet, string title, string holder, SellerOptions seller, List<FeeRow> rows)
    {
        sheet.Title(title);
        sheet.Paragraph($"{seller.Name}, {seller.Street}, {seller.PostCode} {seller.City}, SIRET {seller.Siret}", sheet.Plain(9, Sheet.Quiet));
        if (holder.Length > 0)
        {
            sheet.Paragraph($"Titulaire du compte : {holder}", sheet.Plain(9.5));
        }

        sheet.Heading("Avis rendus");
        foreach (var row in rows)
        {
            sheet.Row(
                [
                    (InvoiceLine.ReferenceOf(row.CaseId), Sheet.Left, false),
                    ($"rendu le {InvoiceText.Day(FrenchTime.Day(row.DeliveredAt))}", Sheet.Left + 130, false),
                    (State(row), Sheet.Left + 250, false), (InvoiceText.Euros(row.State == FeeState.Cancelled ? 0 : row.Cents), Sheet.Right, true),
                ], sheet.Plain(9));
        }

        sheet.Space(6);
        sheet.Row(
            [
                ("Total", Sheet.Left, false), (InvoiceText.Euros(rows.Where(r => r.State != FeeState.Cancelled).Sum(r => r.Cents)), Sheet.Right, true),
            ], sheet.Strong(9.5));
    }

    private static string State(FeeRow row) => row.State.Value switch
    {
        FeeState.Due => "à verser",
        FeeState.Ordered => $"virement demandé pour le {InvoiceText.Day(row.ExecutionOn!.Value)}",
        FeeState.Paid => $"versé le {InvoiceText.Day(row.ExecutionOn!.Value)}",
        _ => "annulé",
    };

    /// <summary>No sign that would end a cell, and none that a spreadsheet takes for a formula.</summary>
    private static string Cell(string text)
    {
        var plain = string.Concat(text.Select(c => char.IsControl(c) || c is ';' or '"' ? ' ' : c)).Trim();
        return plain.Length > 0 && plain[0] is '=' or '+' or '-' or '@' ? "'" + plain : plain;
    }

    private sealed record FeeRow(Guid CaseId, DateTimeOffset DeliveredAt, long Cents, Word<FeeState> State, DateOnly? ExecutionOn);

    private sealed record Das2Row(string Siret, string Holder, string Street, string PostCode, string City, long Cents, long Opinions);
}
