using System.Globalization;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Ops invoices a month by hand: what the schedule does, for any month.</summary>
internal static class RunInvoices
{
    /// <summary>What a month's run made.</summary>
    /// <param name="Month">yyyy-mm.</param>
    /// <param name="Issued">Invoices that this run issued; 0 when there was nothing left.</param>
    /// <param name="Invoices">Invoices of the month altogether, credit notes not counted.</param>
    /// <param name="Total">Their sum, VAT included.</param>
    internal sealed record InvoiceRunResult(string Month, int Issued, long Invoices, Money Total);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/invoices/runs/{month}", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("RunInvoices")
        .WithSummary("Invoices a month")
        .WithDescription(
            "Everything delivered up to the month's end that no invoice has yet, and the month's members. Repeated, it issues nothing twice. A scheduled run "
            + "does the same on a day of the next month.");

    /// <param name="month">yyyy-mm; this month or an earlier one.</param>
    private static async Task<Results<Ok<InvoiceRunResult>, Problem>> Handle(
        string month, NpgsqlDataSource dataSource, IssueInvoices invoices, TimeProvider time, CancellationToken cancel)
    {
        if (Month(month) is not { } first || first > FrenchTime.Day(time.GetUtcNow()))
        {
            return CommonProblems.Invalid(new FieldError("#/month", "invalid_month", "Le mois s'écrit AAAA-MM et n'est pas dans le futur."));
        }

        var issued = await invoices.Run(first, cancel);
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var (count, cents) = await db.QuerySingleAsync<(long, long)>(
            "select count(*), coalesce(sum(gross_cents), 0)::bigint from invoice where month = @first and kind = 'invoice'", new { first });
        return TypedResults.Ok(new InvoiceRunResult(month, issued, count, Money.FromCents(cents)));
    }

    /// <returns>Its first day; null when it is no month.</returns>
    internal static DateOnly? Month(string month) =>
        DateOnly.TryParseExact($"{month}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first) ? first : null;
}
