using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Invoicing;

/// <summary>Invoices the month before once the day for it has come; a run that was cut off is taken up again.</summary>
internal sealed partial class InvoiceMonths(
    NpgsqlDataSource dataSource, IssueInvoices invoices, InvoicingOptions options, BackgroundJobs jobs, ILogger<InvoiceMonths> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>The month to be invoiced by now.</summary>
    /// <param name="today">In Paris.</param>
    /// <param name="runDay">Day of the month.</param>
    /// <returns>Its first day.</returns>
    internal static DateOnly Due(DateOnly today, int runDay) => new DateOnly(today.Year, today.Month, 1).AddMonths(today.Day >= runDay ? -1 : -2);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!options.Scheduled)
        {
            return Next.Never;
        }

        var month = Due(FrenchTime.Day(Time.GetUtcNow()), options.RunDay);
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (!await db.ExecuteScalarAsync<bool>("select exists (select from invoice_run where month = @month)", new { month }))
        {
            var issued = await invoices.Run(month, cancel);
            await db.ExecuteAsync(
                "insert into invoice_run (month, finished_at) values (@month, @Now) on conflict do nothing", new { month, Now = Time.GetUtcNow() });
            Log.Invoiced(logger, month, issued);
        }

        return Next.After(Interval);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Invoiced {Month}: {Count} invoices")]
        public static partial void Invoiced(ILogger logger, DateOnly month, int count);
    }
}
