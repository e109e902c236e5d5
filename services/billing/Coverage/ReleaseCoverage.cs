using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Gives a reserved use back: asked by a service, because the case was withdrawn, or because the engagement expired unused.</summary>
internal sealed class ReleaseCoverage(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <returns>False when there was nothing to release: never reserved, released before, or consumed.</returns>
    public Task<bool> Release(Guid caseId, CancellationToken cancel) => dataSource.InContendedTransaction(db => End(db, caseId, "released", time.GetUtcNow()), cancel);

    /// <param name="db">Within its transaction.</param>
    /// <param name="caseId">The case.</param>
    /// <param name="state"><c>released</c> or <c>expired</c>.</param>
    /// <param name="now">When.</param>
    public static async Task<bool> End(NpgsqlConnection db, Guid caseId, string state, DateTimeOffset now)
    {
        var ended = await db.QuerySingleOrDefaultAsync<Row>(
            """
            update coverage
            set state = @state, ended_at = @now
            where case_id = @caseId and state = 'reserved'
            returning insurer_id, person_id, family_id, year
            """,
            new { caseId, state, now });
        if (ended is null)
        {
            return false;
        }

        // Family before person, as in the reservation.
        foreach (var subject in (Guid[])[ended.FamilyId, ended.PersonId])
        {
            await db.ExecuteAsync("update use_count set uses = uses - 1 where subject_id = @subject and year = @Year", new { subject, ended.Year });
        }

        await Outbox.Publish(db, caseId, new CoverageReleased { CaseId = caseId, InsurerId = ended.InsurerId, ReleasedAt = now });
        return true;
    }

    private sealed record Row(Guid InsurerId, Guid PersonId, Guid FamilyId, short Year);
}

/// <summary>A withdrawn case needs no cover.</summary>
internal sealed class ReleaseOnWithdrawal(Inbox inbox) : IHandle<CaseWithdrawn>
{
    public Task Handle(Delivery<CaseWithdrawn> delivery) => inbox.Once(delivery, nameof(ReleaseOnWithdrawal),
        db => ReleaseCoverage.End(db, delivery.Event.CaseId, "released", delivery.Event.WithdrawnAt));
}
