using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching.Offers;

/// <summary>Nobody forgets an accepted case: silence, then a reminder, then a coordinator, then another physician (docs/decisions/0086).</summary>
internal sealed partial class NextChoice
{
    /// <summary>A replacement that found nobody is tried again.</summary>
    private static readonly TimeSpan TryReplacingAfter = TimeSpan.FromHours(1);

    /// <summary>Gives the case to somebody else. The caller holds the locks of the case and of the candidates.</summary>
    public async Task Replace(
        NpgsqlConnection db, MatchingCase wanted, Offer accepted, Guid physicianId, Decision decision, DateTimeOffset now) =>
        await Advance(db, await ReplaceBy(db, wanted, accepted, physicianId, decision, now), now);

    /// <summary>Everything that is due for an accepted case.</summary>
    private async Task<MatchingCase> Watch(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        // While the physician waits for the patient the clock stands still, and so does the watch.
        if (wanted.PausedSince is not null || await Offer.Live(db, wanted.CaseId) is not { State.Value: OfferState.Accepted } accepted)
        {
            return wanted;
        }

        var silence = wanted.Silence;
        var gone = await IsGone(db, accepted.PhysicianId, silence.DueAt, now);
        if (!gone && now >= silence.RemindAt && !(wanted.RemindedAt >= silence.Since))
        {
            wanted = await Remind(db, wanted, accepted, now);
        }

        if (!gone && now >= silence.CallCoordinatorAt)
        {
            await Escalate(db, wanted, EscalationReason.SilentPhysician, now, accepted.Rank);
        }

        if (now >= silence.DueAt)
        {
            await Escalate(db, wanted, EscalationReason.Overdue, now, accepted.Rank);
        }

        // With little time left a newcomer would be late for certain: then the coordinator judges.
        return gone || now >= silence.ReplaceAt && silence.DueAt - now >= options.ReplacementNeeds
            ? await TryToReplace(db, wanted, accepted, now)
            : wanted;
    }

    private async Task<MatchingCase> Remind(NpgsqlConnection db, MatchingCase wanted, Offer accepted, DateTimeOffset now)
    {
        await Outbox.Publish(db, wanted.CaseId, new PhysicianReminded
        {
            OfferId = accepted.OfferId,
            CaseId = wanted.CaseId,
            PhysicianId = accepted.PhysicianId,
            RemindedAt = now,
            DueAt = wanted.DueAt!.Value,
        });
        metrics.PhysicianReminded();
        return wanted with { RemindedAt = now };
    }

    /// <summary>Only when somebody else can be asked: a silent physician is more than none.</summary>
    private async Task<MatchingCase> TryToReplace(NpgsqlConnection db, MatchingCase wanted, Offer accepted, DateTimeOffset now)
    {
        var experts = await Candidates.LockFor(db, wanted, now);
        var decision = Choice.Choose(await Candidates.CaseToMatch(db, wanted), experts, now);
        if (decision.Chosen is not { } physicianId)
        {
            return await Escalate(db, wanted, EscalationReason.NoReplacement, now, accepted.Rank);
        }

        return await ReplaceBy(db, wanted, accepted, physicianId, decision, now);
    }

    private async Task<MatchingCase> ReplaceBy(
        NpgsqlConnection db, MatchingCase wanted, Offer accepted, Guid physicianId, Decision decision, DateTimeOffset now)
    {
        await accepted.Close(db, OfferState.Accepted, OfferState.Replaced, now);
        metrics.OfferEnded(OfferState.Replaced);
        return await Insert(db, wanted.WithoutPhysician(), physicianId, decision, await NextRank(db, wanted.CaseId), now);
    }

    /// <summary>Suspended, or away or on leave until after the end of the clock: no opinion will come.</summary>
    private static Task<bool> IsGone(NpgsqlConnection db, Guid physicianId, DateTimeOffset dueAt, DateTimeOffset now) => db.ExecuteScalarAsync<bool>(
        """
        select suspended or coalesce(away_until >= @dueAt, false) or exists (
          select from unnest(leaves) leave where split_part(leave, '/', 1)::date <= @Today and split_part(leave, '/', 2)::date >= @LastDay)
        from expert
        where physician_id = @physicianId
        """,
        new { physicianId, dueAt, Today = FrenchTime.Day(now), LastDay = FrenchTime.Day(dueAt) });

    private static DateTimeOffset? NextWatch(MatchingCase wanted, DateTimeOffset now)
    {
        if (wanted.PausedSince is not null)
        {
            return null;
        }

        var silence = wanted.Silence;
        var next = silence.Next(now);
        return now >= silence.ReplaceAt && next > now + TryReplacingAfter ? now + TryReplacingAfter : next;
    }
}
