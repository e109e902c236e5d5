using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.SelfPay;

namespace SecondOpinion.Billing.Payments;

/// <summary>
/// Takes the bank's statement (camt.053): every booked line once, into the ledger. A credit that names an invoice pays it; one that names none waits; a debit
/// that names our order of fees marks it as paid.
/// </summary>
internal static class ImportStatement
{
    /// <summary>What became of a file's lines.</summary>
    /// <param name="Lines">Booked lines in the file.</param>
    /// <param name="KnownBefore">Of them, taken before: nothing happened.</param>
    /// <param name="Matched">Paid an invoice or a patient's payment, wholly or in part, or were our order of fees or a refund.</param>
    /// <param name="Unmatched">Wait for somebody to say what they are for.</param>
    /// <param name="Settled">Money that reached invoices and patients' payments.</param>
    /// <param name="Beyond">Money beyond what was open: advances.</param>
    internal sealed record StatementResult(int Lines, int KnownBefore, int Matched, int Unmatched, Money Settled, Money Beyond);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/payments/statements", Handle)
        .AllowRoles(Roles.Ops)
        .Refuses(Problems.WrongBankFile)
        .ReadsBody("The bank's statement: camt.053, any version.", "text/xml", "application/octet-stream")
        .WithName("ImportStatement")
        .WithSummary("Takes a statement of the bank (camt.053)")
        .WithDescription(
            "All of it or nothing. A line is taken once, also when it stands in two statements: repeated, it changes nothing, so it needs no key. Lines of "
            + "other accounts are refused.");

    private static async Task<Results<Ok<StatementResult>, Problem>> Handle(
        HttpContext http, NpgsqlDataSource dataSource, InvoicingOptions options, TimeProvider time)
    {
        if (!(await BankXml.Read(http.Request.Body, "BkToCstmrStmt", http.RequestAborted)).TryGet(out var message, out var refusal))
        {
            return refusal;
        }

        return StatementFile.Read(message) is not { } statements || statements.Any(s => s.Iban != options.Seller.Iban)
            ? Problems.NotThisMessage("BkToCstmrStmt")
            : await dataSource.InTransaction<Results<Ok<StatementResult>, Problem>>(async db =>
            {
                // One file at a time.
                await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('statement', 0))");
                var count = new Count();
                foreach (var statement in statements)
                {
                    await Take(db, statement, count, time.GetUtcNow());
                }

                return TypedResults.Ok(new StatementResult(
                    count.Lines, count.Known, count.Matched, count.Unmatched, Money.FromCents(count.Settled), Money.FromCents(count.Beyond)));
            });
    }

    private static async Task Take(NpgsqlConnection db, Statement statement, Count count, DateTimeOffset now)
    {
        await db.ExecuteAsync(
            "insert into bank_statement (id, iban, statement_id, imported_at) values (@Id, @Iban, @StatementId, @now) on conflict do nothing",
            new { Id = Guid.CreateVersion7(), statement.Iban, StatementId = statement.Id, now });
        var statementId = await db.ExecuteScalarAsync<Guid>(
            "select id from bank_statement where iban = @Iban and statement_id = @Id", new { statement.Iban, statement.Id });
        foreach (var line in statement.Lines)
        {
            count.Lines++;
            var id = Guid.CreateVersion7();
            var fresh = await db.ExecuteAsync(
                """
                insert into bank_entry (id, statement_id, iban, entry_key, cents, booked_on, reference)
                values (@id, @statementId, @Iban, @Key, @Cents, @BookedOn, @Reference)
                on conflict do nothing
                """,
                new { id, statementId, statement.Iban, line.Key, line.Cents, line.BookedOn, Reference = line.OrderId ?? line.References.FirstOrDefault() });
            if (fresh == 0)
            {
                count.Known++;
                continue;
            }

            await Book(db, id, line, count, now);
        }
    }

    private static async Task Book(NpgsqlConnection db, Guid id, StatementLine line, Count count, DateTimeOffset now)
    {
        var entry = new LedgerEntry($"bank:{id}", null, "Line of a bank statement", Journal.Bank).Line(Account.Bank, line.Cents);
        if (line.Cents > 0 && await PlacePayment.Find(db, null, line.References) is { } invoice)
        {
            var placement = await PlacePayment.On(db, invoice, id, line.Cents, entry, now);
            (count.Matched, count.Settled, count.Beyond) = (count.Matched + 1, count.Settled + placement.Placed, count.Beyond + placement.Beyond);
        }
        else if (line.Cents > 0 && await TakeSelfPayment.Place(db, line.References, line.Cents, entry) is { } placed)
        {
            (count.Matched, count.Settled) = (count.Matched + 1, count.Settled + placed);
            await Wait(db, id, line.Cents - placed, entry);
        }
        else if (line.Cents < 0 && (await IsOrder(db, line, now) || await IsRefund(db, line, now)))
        {
            entry.Line(Account.Transit, -line.Cents);
            count.Matched++;
        }
        else
        {
            await Wait(db, id, line.Cents, entry);
            count.Unmatched++;
        }

        await entry.Book(db, now);
    }

    /// <summary>Money that nobody can place; of a debit there is nothing to assign.</summary>
    private static async Task Wait(NpgsqlConnection db, Guid id, long cents, LedgerEntry entry)
    {
        entry.Line(Account.Suspense, -cents);
        if (cents > 0)
        {
            await db.ExecuteAsync("insert into suspense (entry_id, cents) values (@id, @cents)", new { id, cents });
        }
    }

    /// <summary>The bank has paid a patient back.</summary>
    private static async Task<bool> IsRefund(NpgsqlConnection db, StatementLine line, DateTimeOffset now) => await db.ExecuteAsync(
        """
        with paid as (
          update self_refund set state = 'paid', settled_at = @now
          where message_id = @OrderId and cents = -@Cents and state = 'ordered'
          returning payment_id)
        update self_payment set state = 'refunded' where id in (select payment_id from paid)
        """, new { line.OrderId, line.Cents, now }) == 1;

    /// <summary>The bank pays an order in one line, without what it rejected before.</summary>
    private static async Task<bool> IsOrder(NpgsqlConnection db, StatementLine line, DateTimeOffset now)
    {
        var run = await db.ExecuteScalarAsync<Guid?>(
            """
            select r.id
            from fee_run r
            where r.message_id = @OrderId
              and -@Cents = (select sum(t.cents) from fee_transfer t where t.run_id = r.id and t.state = 'ordered')
            """, new { line.OrderId, line.Cents });
        if (run is null)
        {
            return false;
        }

        await db.ExecuteAsync(
            """
            update fee set state = 'paid'
            where transfer_id in (select id from fee_transfer where run_id = @run and state = 'ordered');
            update fee_transfer set state = 'paid', settled_at = @now where run_id = @run and state = 'ordered';
            """, new { run, now });
        return true;
    }

    private sealed class Count
    {
        public int Lines { get; set; }

        public int Known { get; set; }

        public int Matched { get; set; }

        public int Unmatched { get; set; }

        public long Settled { get; set; }

        public long Beyond { get; set; }
    }
}
