using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Ledger;

/// <summary>Books a delivered opinion, once: what the insurer owes by the contract's price, and the flat fee that the physician is due.</summary>
internal sealed class BookOpinion(TimeProvider time)
{
    /// <summary>The same for every physician and every pathology (seed document S4).</summary>
    public const long PhysicianFeeCents = 120_00;

    /// <summary>Does nothing unless the case has both a delivered opinion that is not booked and a reservation.</summary>
    public async Task BookIfDelivered(NpgsqlConnection db, Guid caseId)
    {
        // A delivery and a reservation that happen together do not see each other: whoever gets this lock second sees both, and books.
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@caseId::text, 0))", new { caseId });
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
            return;
        }

        var now = time.GetUtcNow();
        // A case that was withdrawn while its opinion was being signed: the physician has worked, the insurer has been promised no bill.
        var receivable = opinion.Pricing == Pricing.PerOpinion && opinion.State != CoverageState.Released ? opinion.PriceCents : 0;
        var entry = new LedgerEntry($"opinion:{caseId}", caseId, "Second opinion delivered")
            .Line(Account.Payable(opinion.PhysicianId), -PhysicianFeeCents)
            .Line(Account.PhysicianFees, PhysicianFeeCents);
        if (receivable > 0)
        {
            entry.Line(Account.Receivable(opinion.InsurerId, opinion.InsurerName), receivable).Line(Account.Opinions, -receivable);
        }

        await entry.Book(db, now);
        await db.ExecuteAsync(
            """
            update delivered_opinion set booked_at = @now where case_id = @caseId;
            insert into fee (case_id, physician_id, cents, delivered_at, state)
            select case_id, physician_id, @PhysicianFeeCents, delivered_at, 'due' from delivered_opinion where case_id = @caseId;
            update coverage set state = 'confirmed', ended_at = @now where case_id = @caseId and state in ('reserved', 'expired');
            """,
            new { caseId, now, PhysicianFeeCents });
        if (opinion.State == CoverageState.Expired)
        {
            // Its use had been given back; it was consumed all the same.
            await db.ExecuteAsync(
                "update use_count set uses = uses + 1 where subject_id = any(@Subjects) and year = @Year",
                new { Subjects = new[] { opinion.FamilyId, opinion.PersonId }, opinion.Year });
        }

        await Outbox.Publish(db, caseId, new OpinionBooked
        {
            CaseId = caseId,
            InsurerId = opinion.InsurerId,
            ReceivableCents = receivable,
            PayableCents = PhysicianFeeCents,
            BookedAt = now,
        });
    }

    private sealed record Opinion(
        Guid PhysicianId, Guid InsurerId, Word<CoverageState> State, Guid PersonId, Guid FamilyId, short Year, string InsurerName, Word<Pricing> Pricing,
        long PriceCents);
}
