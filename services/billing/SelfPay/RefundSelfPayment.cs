using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Text;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Fees;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.SelfPay;

/// <summary>
/// Pays a patient back: the list of what is due, and an order to the bank for each. Where to is said with the order; it is kept in the bank's file alone.
/// </summary>
internal static class RefundSelfPayment
{
    private const int LongestName = 70;

    /// <summary>A payment to be paid back.</summary>
    /// <param name="Id">The payment.</param>
    /// <param name="Amount">What the patient gets: all that was paid.</param>
    /// <param name="Since">When it was given up, or its case withdrawn.</param>
    internal sealed record RefundDue(Guid Id, Money Amount, DateTimeOffset Since);

    /// <summary>Where the money goes.</summary>
    /// <param name="Holder">The account's holder as the bank has the name: banks compare it.</param>
    /// <param name="Iban">The account; spaces do not matter.</param>
    internal sealed record RefundRequest([property: Length(1, LongestName)] string Holder, [property: Length(14, 42)] string Iban);

    /// <summary>An order to the bank.</summary>
    /// <param name="MessageId">Its name in the bank's reports.</param>
    /// <param name="Amount">What is paid back.</param>
    /// <param name="ExecutionOn">When the bank is to execute it.</param>
    internal sealed record RefundOrder(string MessageId, Money Amount, DateOnly ExecutionOn);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/self-payments/refunds", List).AllowRoles(Roles.Ops)
            .WithName("ListRefundsDue").WithSummary("Payments of patients to be paid back").WithDescription("The oldest first, 100 at most.");
        api.MapPost("/self-payments/{paymentId:guid}/refund", Handle).AllowRoles(Roles.Ops)
            .Refuses(Problems.NoRefundDue)
            .WithName("RefundSelfPayment").WithSummary("Orders a refund at the bank")
            .WithDescription("Then take the file to the bank. When the bank rejects it (pain.002), the refund is due again.");
        api.MapGet("/self-payments/{paymentId:guid}/refund/file", File).AllowRoles(Roles.Ops)
            .GivesFile("application/xml")
            .WithName("DownloadRefundFile").WithSummary("The bank's file of a refund").WithDescription("`pain.001.001.09`, as it was ordered last.");
    }

    /// <returns>Refunds that are due.</returns>
    private static async Task<Ok<IReadOnlyList<RefundDue>>> List(NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var rows = await db.QueryAsync<(Guid Id, long Cents, DateTimeOffset Since)>(
            "select id, paid_cents, ended_at from self_payment where state = 'refund_due' order by ended_at, id limit 100");
        return TypedResults.Ok<IReadOnlyList<RefundDue>>([.. rows.Select(r => new RefundDue(r.Id, Money.FromCents(r.Cents), r.Since))]);
    }

    /// <param name="paymentId">The payment.</param>
    private static async Task<Results<Once<Ok<RefundOrder>>, Problem>> Handle(
        Guid paymentId, RefundRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, InvoicingOptions seller, FeeOptions fees,
        TimeProvider time)
    {
        var faults = new List<FieldError>();
        if (SepaText.Of(request.Holder, LongestName).Length == 0 || request.Holder.Length > LongestName)
        {
            faults.Add(new("#/holder", "missing", $"Indiquez le titulaire du compte ({LongestName} caractères au plus)."));
        }

        if (!Iban.TryParse(request.Iban, out var iban, out var wrongIban))
        {
            faults.Add(new("#/iban", "invalid_iban", wrongIban!));
        }

        return faults.Count > 0
            ? CommonProblems.Invalid([.. faults])
            : await Idempotent.Run<RefundRequest, Ok<RefundOrder>>(dataSource, http, request, async db =>
            {
                var due = await db.ExecuteScalarAsync<long?>(
                    "update self_payment set state = 'refund_ordered' where id = @paymentId and state = 'refund_due' returning paid_cents", new { paymentId });
                if (due is not { } cents)
                {
                    return await db.ExecuteScalarAsync<bool>("select exists (select from self_payment where id = @paymentId)", new { paymentId })
                        ? Problems.NothingToRefund()
                        : CommonProblems.Absent();
                }

                var (now, id) = (time.GetUtcNow(), Guid.CreateVersion7());
                var executionOn = FrenchTime.Day(now).AddDays(fees.ExecutionDays);
                var messageId = "RB-" + id.ToString("N")[^20..].ToUpperInvariant();
                var file = CreditTransferFile.Write(
                    messageId, now, executionOn, seller.Seller,
                    [new CreditTransfer(messageId, cents, request.Holder, iban.Value, "", "Remboursement SecondOpinion")]);
                await db.ExecuteAsync(
                    """
                    insert into self_refund (id, payment_id, message_id, cents, state, file, ordered_by, ordered_at)
                    values (@id, @paymentId, @messageId, @cents, 'ordered', @file, @By, @now)
                    """, new { id, paymentId, messageId, cents, file, By = user.Subject(), now });
                await new LedgerEntry($"refund:{id}", null, "Refund ordered at the bank", Journal.Bank)
                    .Line(Account.Patient(paymentId), cents)
                    .Line(Account.Transit, -cents)
                    .Book(db, now);
                await AuditTrail.Record(db, user, "refund", "self_payment", paymentId, "payment");
                return TypedResults.Ok(new RefundOrder(messageId, Money.FromCents(cents), executionOn));
            });
    }

    /// <param name="paymentId">The payment.</param>
    /// <returns>The file.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> File(Guid paymentId, HttpContext http, NpgsqlDataSource dataSource)
    {
        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        if (await db.QueryFirstOrDefaultAsync<(string MessageId, string File)?>(
            "select message_id, file from self_refund where payment_id = @paymentId order by id desc limit 1", new { paymentId }) is not { } order)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.File(Encoding.UTF8.GetBytes(order.File), "application/xml", $"{order.MessageId}.xml");
    }
}
