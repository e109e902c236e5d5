using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Payments;

/// <summary>Money that names nothing known: the list of it, and a person who says which invoice it is for.</summary>
internal static class AssignPayment
{
    /// <summary>A payment that waits.</summary>
    /// <param name="Id">The line of the statement.</param>
    /// <param name="BookedOn">Day of the bank.</param>
    /// <param name="Amount">What came.</param>
    /// <param name="Waiting">What of it is not placed.</param>
    internal sealed record WaitingPayment(Guid Id, DateOnly BookedOn, Money Amount, Money Waiting);

    /// <summary>What a payment is for.</summary>
    /// <param name="InvoiceId">The invoice; as much as it is open by goes to it, what is beyond goes on waiting.</param>
    internal sealed record PaymentAssignmentRequest(Guid InvoiceId);

    /// <summary>What became of it.</summary>
    /// <param name="Settled">What went to the invoice.</param>
    /// <param name="Waiting">What is still not placed.</param>
    internal sealed record PaymentAssignment(Money Settled, Money Waiting);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/payments/waiting", List).AllowRoles(Roles.Ops)
            .WithName("ListWaitingPayments").WithSummary("Payments whose purpose is not known yet").WithDescription("The oldest first, 100 at most.");
        api.MapPost("/payments/waiting/{entryId:guid}/assignment", Handle).AllowRoles(Roles.Ops)
            .Refuses(Problems.NothingToAssign)
            .WithName("AssignPayment").WithSummary("Says which invoice a payment is for")
            .WithDescription("A payment of several invoices is assigned several times.");
    }

    /// <returns>Payments that wait, with what is left of each.</returns>
    private static async Task<Ok<IReadOnlyList<WaitingPayment>>> List(NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var rows = await db.QueryAsync<(Guid Id, DateOnly BookedOn, long Cents, long Waiting)>(
            """
            select e.id, e.booked_on, e.cents, s.cents
            from suspense s
            join bank_entry e on e.id = s.entry_id
            where s.cents > 0
            order by e.id
            limit 100
            """);
        return TypedResults.Ok<IReadOnlyList<WaitingPayment>>(
            [.. rows.Select(r => new WaitingPayment(r.Id, r.BookedOn, Money.FromCents(r.Cents), Money.FromCents(r.Waiting)))]);
    }

    /// <param name="entryId">The payment, as the list names it.</param>
    private static Task<Results<Once<Ok<PaymentAssignment>>, Problem>> Handle(
        Guid entryId, PaymentAssignmentRequest request, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        Idempotent.Run<PaymentAssignmentRequest, Ok<PaymentAssignment>>(dataSource, http, request, async db =>
        {
            if (await db.ExecuteScalarAsync<long?>("select cents from suspense where entry_id = @entryId for update", new { entryId }) is not { } waiting)
            {
                return CommonProblems.Absent();
            }

            if (await PlacePayment.Find(db, request.InvoiceId, []) is not { } invoice || Math.Min(waiting, invoice.OpenCents) is not (> 0 and var cents))
            {
                return Problems.NothingOpen();
            }

            var now = time.GetUtcNow();
            var entry = new LedgerEntry($"assigned:{Guid.CreateVersion7()}", null, "Payment assigned to an invoice", Journal.Bank)
                .Line(Account.Suspense, cents);
            await PlacePayment.On(db, invoice, entryId, cents, entry, now);
            await entry.Book(db, now);
            await db.ExecuteAsync("update suspense set cents = cents - @cents where entry_id = @entryId", new { cents, entryId });
            return TypedResults.Ok(new PaymentAssignment(Money.FromCents(cents), Money.FromCents(waiting - cents)));
        });
}
