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

    /// <summary>
    /// One round trip whatever the number of lines: each statement of it sees what the one before wrote. Accounts are opened in one order, so that two entries
    /// which open the same ones wait for each other instead of blocking each other.
    /// </summary>
    public Task Book(NpgsqlConnection db, DateTimeOffset now) => db.ExecuteAsync(
        """
        insert into ledger_account (id, name, kind, party_id)
        select id, name, kind, party from unnest(@Ids, @Names, @Kinds, @Parties) a (id, name, kind, party)
        order by kind, party
        on conflict do nothing;
        insert into ledger_transaction (id, business_key, case_id, description, booked_at, journal)
        values (@id, @businessKey, @caseId, @description, @now, @journal);
        insert into ledger_line (transaction_id, line, account_id, amount_cents)
        select @id, l.line,
          -- Two look-ups by key: a comparison that takes null for equal to null would read all accounts of the kind.
          case when l.party is null
            then (select a.id from ledger_account a where a.kind = l.kind and a.party_id is null)
            else (select a.id from ledger_account a where a.kind = l.kind and a.party_id = l.party) end,
          l.cents
        from unnest(@Kinds, @Parties, @Cents) with ordinality l (kind, party, cents, line);
        """,
        new
        {
            id = Guid.CreateVersion7(),
            businessKey,
            caseId,
            description,
            now,
            journal = (Word<Journal>)journal,
            Ids = _lines.Select(_ => Guid.CreateVersion7()).ToArray(),
            Names = _lines.Select(l => l.Account.Name).ToArray(),
            Kinds = _lines.Select(l => l.Account.Kind.Text).ToArray(),
            Parties = _lines.Select(l => l.Account.PartyId).ToArray(),
            Cents = _lines.Select(l => l.Cents).ToArray(),
        });
}
