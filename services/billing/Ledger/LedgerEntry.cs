using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Ledger;

internal enum AccountKind
{
    Receivable,
    Payable,
    Revenue,
    Cost,
}

/// <summary>An account, in plain words; those of insurers and physicians are opened when first needed.</summary>
/// <param name="PartyId">The insurer, or the physician's pseudonym.</param>
internal sealed record Account(string Name, Word<AccountKind> Kind, Guid? PartyId)
{
    public static readonly Account Opinions = new("Second opinions sold", AccountKind.Revenue, null);
    public static readonly Account PhysicianFees = new("Physicians' fees", AccountKind.Cost, null);

    public static Account Receivable(Guid insurerId, string name) => new($"Owed by {name} ({insurerId})", AccountKind.Receivable, insurerId);

    public static Account Payable(Guid physicianId) => new($"Due to physician {physicianId}", AccountKind.Payable, physicianId);
}

/// <summary>A transaction to be booked: debits positive, credits negative, in cents. The database refuses it unless its lines sum to zero.</summary>
/// <param name="businessKey">The fact behind it; booked once.</param>
/// <param name="caseId">The case that it is about, if any.</param>
/// <param name="description">A plain sentence.</param>
internal sealed class LedgerEntry(string businessKey, Guid? caseId, string description)
{
    private readonly List<(Account Account, long Cents)> _lines = [];

    public LedgerEntry Line(Account account, long cents)
    {
        _lines.Add((account, cents));
        return this;
    }

    public async Task Book(NpgsqlConnection db, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7();
        await db.ExecuteAsync(
            """
            insert into ledger_transaction (id, business_key, case_id, description, booked_at)
            values (@id, @businessKey, @caseId, @description, @now)
            """,
            new { id, businessKey, caseId, description, now });
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
