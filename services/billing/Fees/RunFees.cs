using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fees;

/// <summary>Ops orders a month's fees by hand, and takes the bank's file.</summary>
internal static class RunFees
{
    /// <summary>What a run ordered, and the month's orders.</summary>
    /// <param name="Month">yyyy-mm.</param>
    /// <param name="Ordered">Transfers that this run ordered; 0 when nothing was due.</param>
    /// <param name="WithoutAccount">Physicians who are due something and have no account that the bank takes.</param>
    /// <param name="Runs">All orders of the month; one a run that found something.</param>
    internal sealed record FeeRunResult(string Month, int Ordered, int WithoutAccount, IReadOnlyList<FeeRun> Runs);

    /// <summary>An order to the bank.</summary>
    /// <param name="Id">The run; names its file.</param>
    /// <param name="MessageId">By which the bank's reports name it.</param>
    /// <param name="ExecutionOn">Day asked for.</param>
    /// <param name="Transfers">One a physician.</param>
    /// <param name="Rejected">Of them, those that the bank rejected.</param>
    /// <param name="Total">Control sum of the file.</param>
    internal sealed record FeeRun(Guid Id, string MessageId, DateOnly ExecutionOn, int Transfers, long Rejected, Money Total);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPut("/fees/runs/{month}", Run).AllowRoles(Roles.Ops)
            .WithName("RunFees").WithSummary("Orders the fees that are due up to a month's end")
            .WithDescription("One transfer of 120.00 EUR times opinions a physician. Repeated, it orders nothing twice; what the bank rejected is due again.");
        api.MapGet("/fees/runs/{runId:guid}/file", File).AllowRoles(Roles.Ops)
            .GivesFile("application/xml")
            .WithName("DownloadFeeOrder").WithSummary("The order for the bank: pain.001.001.09")
            .WithDescription("The same bytes every time: as it was ordered.");
    }

    /// <param name="month">yyyy-mm; this month or an earlier one.</param>
    private static async Task<Results<Ok<FeeRunResult>, Problem>> Run(
        string month, NpgsqlDataSource dataSource, OrderFees fees, TimeProvider time, CancellationToken cancel)
    {
        if (RunInvoices.Month(month) is not { } first || first > FrenchTime.Day(time.GetUtcNow()))
        {
            return CommonProblems.Invalid(new FieldError("#/month", "invalid_month", "Le mois s'écrit AAAA-MM et n'est pas dans le futur."));
        }

        var outcome = await fees.Run(first, cancel);
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var runs = await db.QueryAsync<Row>(
            """
            select r.id, r.message_id, r.execution_on, r.transfers, r.total_cents,
              (select count(*) from fee_transfer t where t.run_id = r.id and t.state = 'rejected') as rejected
            from fee_run r
            where r.month = @first
            order by r.id
            """, new { first });
        return TypedResults.Ok(new FeeRunResult(month, outcome.Transfers, outcome.WithoutAccount,
            [.. runs.Select(r => new FeeRun(r.Id, r.MessageId, r.ExecutionOn, r.Transfers, r.Rejected, Money.FromCents(r.TotalCents)))]));
    }

    /// <param name="runId">The run.</param>
    /// <returns>The file.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> File(Guid runId, HttpContext http, NpgsqlDataSource dataSource)
    {
        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        if (await db.QuerySingleOrDefaultAsync<(string MessageId, string File)?>("select message_id, file from fee_run where id = @runId", new { runId })
            is not { } order)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.File(System.Text.Encoding.UTF8.GetBytes(order.File), "application/xml", $"{order.MessageId}.xml");
    }

    private sealed record Row(Guid Id, string MessageId, DateOnly ExecutionOn, int Transfers, long TotalCents, long Rejected);
}
