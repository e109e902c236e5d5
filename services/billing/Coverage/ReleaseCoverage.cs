using SecondOpinion.ServiceDefaults.Database;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Gives a reserved use back: because the case was withdrawn, or because the engagement expired unused.</summary>
internal static class ReleaseCoverage
{
    /// <param name="db">Within its transaction.</param>
    /// <param name="caseId">The case.</param>
    /// <param name="state">Released or expired.</param>
    /// <param name="now">When.</param>
    /// <returns>False when there was nothing to release: never reserved, released before, or consumed.</returns>
    public static async Task<bool> End(NpgsqlConnection db, Guid caseId, Word<CoverageState> state, DateTimeOffset now)
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
        await PartnerEvent.WriteCover(db, caseId, PartnerEventType.CoverageReleased, now);
        return true;
    }

    private sealed record Row(Guid InsurerId, Guid PersonId, Guid FamilyId, short Year);
}

/// <summary>A withdrawn case needs no cover.</summary>
/// <remarks>
/// The event may come before the reservation that a slow call or a retry still carries: the withdrawal is then kept, and
/// <see cref="ReserveCoverage"/> holds
/// nothing for that case any more. Both write <c>withdrawn_case</c> or look at it under the same lock, so that one of them sees the other.
/// </remarks>
internal sealed class ReleaseOnWithdrawal(Inbox inbox) : IHandle<CaseWithdrawn>
{
    /// <summary>Orders what is decided about one case, until the transaction's end.</summary>
    public static Task LockCase(NpgsqlConnection db, Guid caseId) =>
        db.ExecuteAsync("select pg_advisory_xact_lock(@Key)", new { Key = BitConverter.ToInt64(caseId.ToByteArray(), 8) });

    public static Task<bool> IsWithdrawn(NpgsqlConnection db, Guid caseId) =>
        db.ExecuteScalarAsync<bool>("select exists (select from withdrawn_case where case_id = @caseId)", new { caseId });

    public Task Handle(Delivery<CaseWithdrawn> delivery) => inbox.Once(delivery, nameof(ReleaseOnWithdrawal), async db =>
    {
        await LockCase(db, delivery.Event.CaseId);
        await db.ExecuteAsync(
            "insert into withdrawn_case (case_id, withdrawn_at) values (@CaseId, @WithdrawnAt) on conflict do nothing",
            new { delivery.Event.CaseId, delivery.Event.WithdrawnAt });
        await ReleaseCoverage.End(db, delivery.Event.CaseId, CoverageState.Released, delivery.Event.WithdrawnAt);
        await FundCover.Release(db, delivery.Event.CaseId, delivery.Event.WithdrawnAt);
        await SelfPayCover.Release(db, delivery.Event.CaseId, delivery.Event.WithdrawnAt);
    });
}
