using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Ledger;

/// <summary>A transaction to be booked: debits positive, credits negative, in cents. The database refuses it unless its lines sum to zero.</summary>
/// <param name="businessKey">The fact behind it, <c>kind:reference</c>; booked once.</param>
/// <param name="caseId">The case that it is about, if any.</param>
/// <param name="description">A plain sentence.</param>
/// <param name="journal">Where an accountant looks for it.</param>
internal sealed class LedgerEntry(string businessKey, Guid? caseId, string description, Journal journal = Journal.Opinions)
{
    private readonly List<(Account Account, long Cents)> _lines = [];

    /// <summary>Nothing is written for nothing.</summary>
    public LedgerEntry Line(Account account, long cents)
    {
        if (cents != 0)
        {
            _lines.Add((account, cents));
        }

        return this;
    }

    public async Task Book(NpgsqlConnection db, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7();
        await db.ExecuteAsync(
            """
            insert into ledger_transaction (id, business_key, case_id, description, booked_at, journal)
            values (@id, @businessKey, @caseId, @description, @now, @journal)
            """,
            new { id, businessKey, caseId, description, now, journal = (Word<Journal>)journal });
        for (var i = 0; i < _lines.Count; i++)
        {
            var (account, cents) = _lines[i];
            await db.ExecuteAsync(
                "insert into ledger_line (transaction_id, line, account_id, amount_cents) values (@id, @line, @Account, @cents)",
                new { id, line = (short)(i + 1), Account = await Open(db, account), cents });
        }
    }

    private static async Task<Guid> Open(NpgsqlConnection db, Account account)
    {
        await db.ExecuteAsync(
            "insert into ledger_account (id, name, kind, party_id) values (@Id, @Name, @Kind, @PartyId) on conflict do nothing",
            new { Id = Guid.CreateVersion7(), account.Name, account.Kind, account.PartyId });
        return await db.ExecuteScalarAsync<Guid>(
            "select id from ledger_account where kind = @Kind and party_id is not distinct from @PartyId", account);
    }
}
