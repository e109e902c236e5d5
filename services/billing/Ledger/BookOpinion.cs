using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Ledger;

/// <summary>
/// Books a delivered opinion, once: what its payer owes, an insurer by the contract's price, the solidarity fund by its grant or the patient by
/// their payment, and the flat fee that the physician is due.
/// </summary>
/// <param name="vat">Of opinions, within the price that the fund and patients pay; an insurer's is booked with its invoice.</param>
internal sealed class BookOpinion(VatRule vat, TimeProvider time)
{
    /// <summary>The same for every physician and every pathology (seed document S4).</summary>
    public const long PhysicianFeeCents = 120_00;

    /// <summary>Does nothing unless the case has both a delivered opinion that is not booked and somebody who pays for it.</summary>
    public async Task BookIfDelivered(NpgsqlConnection db, Guid caseId)
    {
        // A delivery and a reservation that happen together do not see each other: whoever gets this lock second sees both, and books.
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@caseId::text, 0))", new { caseId });
        if (!await BookInsured(db, caseId) && !await BookFunded(db, caseId))
        {
            await BookSelfPaid(db, caseId);
        }
    }

    private async Task<bool> BookInsured(NpgsqlConnection db, Guid caseId)
    {
        var opinion = await db.QuerySingleOrDefaultAsync<Opinion>(
            """
            select d.physician_id, c.insurer_id, c.state, c.person_id, c.family_id, c.year, iv.name as insurer_name, cv.pricing, cv.price_cents
            from delivered_opinion d
            join coverage c on c.case_id = d.case_id
            join contract_version cv on cv.insurer_id = c.insurer_id and cv.number = c.contract and cv.version = c.contract_version
            join insurer i on i.id = c.insurer_id
            join insurer_version iv on iv.insurer_id = i.id and iv.version = i.version
            where d.case_id = @caseId and d.booked_at is null
            for update of c
            """,
            new { caseId });
        if (opinion is null)
        {
            return false;
        }

        // A case that was withdrawn while its opinion was being signed: the physician has worked, the insurer has been promised no bill.
        var receivable = opinion.Pricing == Pricing.PerOpinion && opinion.State != CoverageState.Released ? opinion.PriceCents : 0;
        var now = time.GetUtcNow();
        await db.ExecuteAsync(
            "update coverage set state = 'confirmed', ended_at = @now where case_id = @caseId and state in ('reserved', 'expired')", new { caseId, now });
        if (opinion.State == CoverageState.Expired)
        {
            // Its use had been given back; it was consumed all the same.
            await db.ExecuteAsync(
                "update use_count set uses = uses + 1 where subject_id = any(@Subjects) and year = @Year",
                new { Subjects = new[] { opinion.FamilyId, opinion.PersonId }, opinion.Year });
        }

        var entry = Entry(caseId, opinion.PhysicianId)
            .Line(Account.Receivable(opinion.InsurerId, opinion.InsurerName), receivable).Line(Account.Opinions, -receivable);
        await db.ExecuteAsync(
            """
            insert into to_invoice (case_id, insurer_id, cents, delivered_at)
            select case_id, @InsurerId, @receivable, delivered_at from delivered_opinion where case_id = @caseId and @receivable > 0
            """, new { caseId, opinion.InsurerId, receivable });
        await Book(db, caseId, entry, opinion.InsurerId, receivable, now);
        return true;
    }

    /// <summary>
    /// What was held becomes spent. A case that was withdrawn while its opinion was being signed has given its money back: the fund owes nothing.
    /// </summary>
    private async Task<bool> BookFunded(NpgsqlConnection db, Guid caseId)
    {
        var grant = await db.QuerySingleOrDefaultAsync<(Guid PhysicianId, string State, short Year, string Class, long Cents)?>(
            """
            select d.physician_id, f.state, f.year, f.class, f.cents
            from delivered_opinion d
            join fund_decision f on f.case_id = d.case_id
            where d.case_id = @caseId and d.booked_at is null
            for update of f
            """, new { caseId });
        if (grant is not { } funded)
        {
            return false;
        }

        var now = time.GetUtcNow();
        var owed = 0L;
        if (funded.State == "reserved")
        {
            owed = funded.Cents;
            await db.ExecuteAsync(
                """
                update fund_decision set state = 'spent', ended_at = @now where case_id = @caseId;
                update fund_budget set held_cents = held_cents - @owed, spent_cents = spent_cents + @owed where year = @Year and class = @Class;
                """, new { caseId, now, owed, funded.Year, funded.Class });
        }

        var tax = vat.TaxWithin(owed);
        var entry = Entry(caseId, funded.PhysicianId).Line(Account.Fund, owed).Line(Account.Opinions, tax - owed).Line(Account.Vat, -tax);
        await Book(db, caseId, entry, Guid.Empty, owed, now);
        return true;
    }

    /// <summary>What the patient has paid becomes a sale. A case that was withdrawn while its opinion was being signed is paid back all the same.</summary>
    private async Task BookSelfPaid(NpgsqlConnection db, Guid caseId)
    {
        var payment = await db.QuerySingleOrDefaultAsync<(Guid PhysicianId, Guid Id, string State, long Cents)?>(
            """
            select d.physician_id, s.id, s.state, s.cents
            from delivered_opinion d
            join self_payment s on s.case_id = d.case_id
            where d.case_id = @caseId and d.booked_at is null
            for update of s
            """, new { caseId });
        if (payment is not { } paid)
        {
            return;
        }

        var now = time.GetUtcNow();
        var owed = paid.State == "reserved" ? paid.Cents : 0;
        await db.ExecuteAsync(
            "update self_payment set state = 'consumed', ended_at = @now where id = @Id and state = 'reserved'", new { now, paid.Id });
        var tax = vat.TaxWithin(owed);
        var entry = Entry(caseId, paid.PhysicianId).Line(Account.Patient(paid.Id), owed).Line(Account.Opinions, tax - owed).Line(Account.Vat, -tax);
        await Book(db, caseId, entry, Guid.Empty, owed, now);
    }

    private static LedgerEntry Entry(Guid caseId, Guid physician) => new LedgerEntry($"opinion:{caseId}", caseId, "Second opinion delivered")
        .Line(Account.Payable(physician), -PhysicianFeeCents)
        .Line(Account.PhysicianFees, PhysicianFeeCents);

    private static async Task Book(NpgsqlConnection db, Guid caseId, LedgerEntry entry, Guid insurerId, long receivable, DateTimeOffset now)
    {
        await entry.Book(db, now);
        await db.ExecuteAsync(
            """
            update delivered_opinion set booked_at = @now where case_id = @caseId;
            insert into fee (case_id, physician_id, cents, delivered_at, state)
            select case_id, physician_id, @PhysicianFeeCents, delivered_at, 'due' from delivered_opinion where case_id = @caseId;
            """, new { caseId, now, PhysicianFeeCents });
        await Outbox.Publish(db, caseId, new OpinionBooked
        {
            CaseId = caseId,
            InsurerId = insurerId,
            ReceivableCents = receivable,
            PayableCents = PhysicianFeeCents,
            BookedAt = now,
        });
    }

    private sealed record Opinion(
        Guid PhysicianId, Guid InsurerId, Word<CoverageState> State, Guid PersonId, Guid FamilyId, short Year, string InsurerName, Word<Pricing> Pricing,
        long PriceCents);
}
