using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fees;

/// <summary>Orders the fees of the month before once the day for it has come, and what could be paid since, once a day.</summary>
internal sealed partial class FeeMonths(OrderFees fees, FeeOptions options, BackgroundJobs jobs, ILogger<FeeMonths> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(24);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!options.Scheduled)
        {
            return Next.Never;
        }

        var month = InvoiceMonths.Due(FrenchTime.Day(Time.GetUtcNow()), options.RunDay);
        var outcome = await fees.Run(month, cancel);
        if (outcome.Transfers > 0 || outcome.WithoutAccount > 0)
        {
            Log.Ordered(logger, month, outcome.Transfers, outcome.WithoutAccount);
        }

        return Next.After(Interval);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Fees up to {Month}: {Count} transfers ordered; {Without} physicians have no account that the bank takes")]
        public static partial void Ordered(ILogger logger, DateOnly month, int count, int without);
    }
}
