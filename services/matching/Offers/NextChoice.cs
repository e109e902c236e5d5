using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching.Offers;

/// <summary>Why a coordinator is called.</summary>
internal enum EscalationReason
{
    /// <summary>Nobody can be asked now.</summary>
    NoExpert,
    TooManyRefusals,

    /// <summary>What is left of the clock is short, and nobody has accepted.</summary>
    DeadlineNear,

    /// <summary>A physician accepted, and half of the time has gone without a sign of work.</summary>
    SilentPhysician,

    /// <summary>The physician should be replaced, and nobody else can be asked.</summary>
    NoReplacement,

    /// <summary>The clock has run out.</summary>
    Overdue,
}

/// <summary>
/// Moves a case as far as it can go now: expires its offer, asks the next physician, calls the coordinator, and watches whoever accepted. Used by every
/// consumer that changes what is possible, and by the sweep.
/// </summary>
internal sealed partial class NextChoice(MatchingOptions options, MatchingMetrics metrics)
{
    private static readonly TimeSpan LeastLifetime = TimeSpan.FromHours(1);

    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <param name="db">The open transaction, which holds the case's lock.</param>
    /// <param name="wanted">The case as locked.</param>
    /// <param name="now">The present.</param>
    public async Task Advance(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        if (wanted.State == MatchingState.Offered && await Expire(db, wanted, now))
        {
            wanted = wanted with { State = MatchingState.Waiting };
        }

        if (wanted.State == MatchingState.Assigned)
        {
            wanted = await Watch(db, wanted, now);
        }

        if (wanted.State == MatchingState.Waiting)
        {
            wanted = await Offer.CountRefusals(db, wanted.CaseId) >= options.RefusalsBeforeEscalation
                ? await Escalate(db, wanted with { State = MatchingState.Escalated }, EscalationReason.TooManyRefusals, now)
                : await Ask(db, wanted, now);
        }

        if (wanted.State.Value is MatchingState.Waiting or MatchingState.Offered && IsDeadlineNear(wanted, now))
        {
            wanted = await Escalate(db, wanted, EscalationReason.DeadlineNear, now);
        }

        await (wanted with { NextLookAt = await NextLook(db, wanted, now) }).Save(db);
    }

    /// <summary>Asks the physician whom a coordinator named. The caller holds the locks of the case and of the physician.</summary>
    public async Task OfferTo(NpgsqlConnection db, MatchingCase wanted, Guid physicianId, Decision decision, int rank, DateTimeOffset now) =>
        await Advance(db, await Insert(db, wanted, physicianId, decision, rank, now), now);

    /// <summary>Makes the offer that was decided and keeps why. The caller holds the locks of the case and of the candidates.</summary>
    private async Task<MatchingCase> Insert(NpgsqlConnection db, MatchingCase wanted, Guid physicianId, Decision decision, int rank, DateTimeOffset now)
    {
        var offerId = Guid.CreateVersion7(now);
        var expiresAt = now + Lifetime(wanted.DueAt!.Value - now);
        await RecordChoice(db, wanted.CaseId, decision, rank, now);
        await db.ExecuteAsync(
            """
            insert into offer (offer_id, case_id, physician_id, rank, state, offered_at, expires_at)
            values (@offerId, @CaseId, @physicianId, @rank, 'open', @now, @expiresAt)
            """,
            new { offerId, wanted.CaseId, physicianId, rank, now, expiresAt });
        await Outbox.Publish(db, wanted.CaseId, new CaseOffered
        {
            OfferId = offerId,
            CaseId = wanted.CaseId,
            PhysicianId = physicianId,
            PathologyCode = wanted.PathologyCode!,
            Rank = rank,
            OfferedAt = now,
            ExpiresAt = expiresAt,
            DueAt = wanted.DueAt!.Value,
            Basis = decision.Basis.Word(),
            Considered = decision.Candidates.Count,
        });
        metrics.OfferMade(decision.Basis);
        return wanted with { State = MatchingState.Offered };
    }

    /// <summary>At most half of what is left, so that there is time to write; at least an hour, so that there is time to answer.</summary>
    /// <param name="left">Of the clock; nothing or less when it has run out.</param>
    private TimeSpan Lifetime(TimeSpan left)
    {
        var half = left > TimeSpan.Zero ? left / 2 : options.OfferLifetime;
        return half >= options.OfferLifetime ? options.OfferLifetime : half > LeastLifetime ? half : LeastLifetime;
    }

    public static Task<int> NextRank(NpgsqlConnection db, Guid caseId) =>
        db.ExecuteScalarAsync<int>("select coalesce(max(rank), 0) + 1 from offer where case_id = @caseId", new { caseId });

    private async Task<bool> Expire(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        var offer = await Offer.Live(db, wanted.CaseId);
        if (offer is null || offer.ExpiresAt + options.ExpiryGrace > now
            || !await offer.Close(db, OfferState.Open, OfferState.Expired, now))
        {
            return false;
        }

        metrics.OfferEnded(OfferState.Expired);
        return true;
    }

    private async Task<MatchingCase> Ask(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        var experts = await Candidates.LockFor(db, wanted, now);
        var decision = Choice.Choose(await Candidates.CaseToMatch(db, wanted), experts, now);
        var rank = await NextRank(db, wanted.CaseId);
        if (decision.Chosen is { } physicianId)
        {
            return await Insert(db, wanted, physicianId, decision, rank, now);
        }

        await RecordChoice(db, wanted.CaseId, decision, rank, now);
        return await Escalate(db, wanted, EscalationReason.NoExpert, now);
    }

    /// <summary>Kept once per rank: another look without a result takes the place of the one before.</summary>
    private static Task RecordChoice(NpgsqlConnection db, Guid caseId, Decision decision, int rank, DateTimeOffset now) => db.ExecuteAsync(
        """
        insert into choice (case_id, rank, made_at, basis, physician_id, candidates)
        values (@caseId, @rank, @now, @Basis, @Chosen, @Candidates::jsonb)
        on conflict (case_id, rank) do update
        set made_at = excluded.made_at, basis = excluded.basis, physician_id = excluded.physician_id, candidates = excluded.candidates
        """,
        new
        {
            caseId,
            rank,
            now,
            Basis = (Word<Basis>)decision.Basis,
            decision.Chosen,
            Candidates = JsonSerializer.Serialize(decision.Candidates, Json),
        });

    public static IReadOnlyList<Candidate> ReadCandidates(string json) => JsonSerializer.Deserialize<IReadOnlyList<Candidate>>(json, Json)!;

    /// <param name="db">The open transaction.</param>
    /// <param name="wanted">The case.</param>
    /// <param name="reason">Called once for it.</param>
    /// <param name="now">The present.</param>
    /// <param name="rank">Of the offer that was accepted, when the reason is about its physician; else 0.</param>
    private async Task<MatchingCase> Escalate(
        NpgsqlConnection db, MatchingCase wanted, Word<EscalationReason> reason, DateTimeOffset now, int rank = 0)
    {
        var first = await db.ExecuteAsync(
            "insert into escalation (case_id, reason, rank, escalated_at) values (@CaseId, @reason, @rank, @now) on conflict do nothing",
            new { wanted.CaseId, reason, rank, now });
        if (first > 0)
        {
            await Outbox.Publish(db, wanted.CaseId, new CaseEscalated { CaseId = wanted.CaseId, Reason = reason.Text, EscalatedAt = now });
            metrics.CaseEscalated(reason.Value);
        }

        return wanted;
    }

    private bool IsDeadlineNear(MatchingCase wanted, DateTimeOffset now) => wanted.DueAt - options.EscalateBefore <= now;

    private async Task<DateTimeOffset?> NextLook(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        DateTimeOffset? look = wanted.State.Value switch
        {
            MatchingState.Offered => (await Offer.Live(db, wanted.CaseId))!.ExpiresAt + options.ExpiryGrace,
            MatchingState.Waiting => now + options.TryAgainAfter,
            MatchingState.Assigned => NextWatch(wanted, now),
            _ => null,
        };
        if (wanted.State == MatchingState.Assigned)
        {
            return look;
        }

        var alarm = wanted.DueAt - options.EscalateBefore;
        return look is not null && alarm > now && alarm < look ? alarm : look;
    }
}
