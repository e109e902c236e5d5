using System.Xml.Linq;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Fees;

/// <summary>
/// Takes the bank's report on an order (pain.002): what it rejected is due again, and the account is not tried anew until ops has saved it once more. What it
/// accepted needs nothing: the statement will show it.
/// </summary>
internal static class ImportStatusReport
{
    private const string Rejected = "RJCT";

    /// <summary>What a report changed.</summary>
    /// <param name="MessageId">The order that it is about.</param>
    /// <param name="Rejected">Transfers that are rejected now and were not before.</param>
    /// <param name="Unknown">Rejected transfers of the report that are not of this order, or were settled before.</param>
    internal sealed record StatusReportResult(string MessageId, int Rejected, int Unknown);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/fees/status-reports", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.WrongBankFile, CommonProblems.NotFound)
        .ReadsBody("The bank's report: pain.002, any version.", "text/xml", "application/octet-stream")
        .WithName("ImportStatusReport")
        .WithSummary("Takes the bank's report on an order of fees or a refund (pain.002)")
        .WithDescription("Repeated, it changes nothing more: needs no key.");

    private static async Task<Results<Ok<StatusReportResult>, Problem>> Handle(HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        if (!(await BankXml.Read(http.Request.Body, "CstmrPmtStsRpt", http.RequestAborted)).TryGet(out var report, out var refusal))
        {
            return refusal;
        }

        var group = report.Each("OrgnlGrpInfAndSts").FirstOrDefault();
        var messageId = group?.At("OrgnlMsgId");
        return await dataSource.InTransaction<Results<Ok<StatusReportResult>, Problem>>(async db =>
        {
            var transfers = (await db.QueryAsync<(string EndToEndId, Guid Id)>(
                """
                select t.end_to_end_id, t.id
                from fee_transfer t
                join fee_run r on r.id = t.run_id
                where r.message_id = @messageId
                order by t.id
                for update of t
                """, new { messageId })).ToDictionary(t => t.EndToEndId, t => t.Id);
            if (transfers.Count == 0)
            {
                var reasons = group is null || messageId is null ? [] : Rejects(report, group, [messageId]);
                return await RejectRefund.Take(db, messageId, reasons.FirstOrDefault().Code, time.GetUtcNow()) is { } refunds
                    ? TypedResults.Ok(new StatusReportResult(messageId!, refunds, reasons.Count - refunds))
                    : CommonProblems.Absent();
            }

            var (rejected, unknown) = (0, 0);
            foreach (var (endToEndId, code) in Rejects(report, group!, transfers.Keys))
            {
                var done = transfers.TryGetValue(endToEndId, out var id) && await Reject(db, id, code, time.GetUtcNow());
                (rejected, unknown) = done ? (rejected + 1, unknown) : (rejected, unknown + 1);
            }

            return TypedResults.Ok(new StatusReportResult(messageId!, rejected, unknown));
        });
    }

    /// <summary>Said of the whole order, of its one payment block, or of single transfers.</summary>
    private static List<(string EndToEndId, string Code)> Rejects(XElement report, XElement group, IEnumerable<string> all)
    {
        var blocks = report.Each("OrgnlPmtInfAndSts").ToList();
        var whole = blocks.FirstOrDefault(b => b.At("PmtInfSts") == Rejected) ?? (group.At("GrpSts") == Rejected ? group : null);
        return whole is not null
            ? [.. all.Select(id => (id, Code(whole)))]
            : [.. blocks.SelectMany(b => b.Each("TxInfAndSts")).Where(t => t.At("TxSts") == Rejected).Select(t => (t.At("OrgnlEndToEndId") ?? "", Code(t)))];
    }

    private static string Code(XElement status) => status.At("StsRsnInf", "Rsn", "Cd") is { Length: > 0 and <= 4 } code ? code : "NARR";

    /// <summary>The fees are due again, and the ledger says so.</summary>
    private static async Task<bool> Reject(NpgsqlConnection db, Guid transferId, string code, DateTimeOffset now)
    {
        var transfer = await db.QuerySingleOrDefaultAsync<(Guid PhysicianId, long Cents)?>(
            """
            update fee_transfer set state = 'rejected', reject_code = @code, settled_at = @now
            where id = @transferId and state = 'ordered'
            returning physician_id, cents
            """, new { transferId, code, now });
        if (transfer is not { } rejected)
        {
            return false;
        }

        await db.ExecuteAsync("update fee set state = 'due', transfer_id = null where transfer_id = @transferId", new { transferId });
        await new LedgerEntry($"transfer-rejected:{transferId}", null, "Fees rejected by the bank", Journal.Fees)
            .Line(Account.Transit, rejected.Cents)
            .Line(Account.Payable(rejected.PhysicianId), -rejected.Cents)
            .Book(db, now);
        return true;
    }
}
