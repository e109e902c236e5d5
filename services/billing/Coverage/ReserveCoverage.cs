using SecondOpinion.ServiceDefaults.Database;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Holds one use of the service for a case. Asked again for the same case, it gives the same answer; a limit of uses is never passed.</summary>
internal sealed class ReserveCoverage(NpgsqlDataSource dataSource, EligibilityAnswers answers, IdentityKeys keys, BookOpinion book, TimeProvider time)
{
    /// <param name="RefusalCode">Empty when reserved.</param>
    internal sealed record Outcome(Guid? InsurerId, string EngagementNumber, DateTimeOffset? ExpiresAt, string RefusalCode);

    /// <param name="watch">Sees the answer before anything is held, and may refuse it.</param>
    public async Task<Outcome> Reserve(Guid caseId, Question question, Func<Answer, Task> watch, CancellationToken cancel)
    {
        await using (var db = await dataSource.OpenConnectionAsync(cancel))
        {
            if (await Existing(db, caseId) is { } existing)
            {
                return existing;
            }
        }

        var answer = await answers.Ask(question, cancel);
        await watch(answer);
        var outcome = answer.Decision.Covered
            ? await Take(caseId, question, answer, cancel)
            : new Outcome(answer.Insurer?.Id, "", null, answer.Decision.Code);
        if (outcome.RefusalCode.Length > 0)
        {
            await TellRefusal(caseId, outcome.RefusalCode, cancel);
        }

        return outcome;
    }

    private async Task<Outcome> Take(Guid caseId, Question question, Answer answer, CancellationToken cancel)
    {
        try
        {
            return await dataSource.InContendedTransaction(async db =>
            {
                await ReleaseOnWithdrawal.LockCase(db, caseId);
                if (await ReleaseOnWithdrawal.IsWithdrawn(db, caseId))
                {
                    return new Outcome(answer.Insurer!.Id, "", null, Refusal.CaseReleased);
                }

                var insurer = answer.Insurer!;
                var beneficiary = answer.Beneficiary!.Value;
                var family = await Subject(db, insurer, UseSubject.Family, beneficiary.Family, question.Member is { } m ? h =>
                    h.Family(insurer.AmcAscii, m) : null);
                var person = await Subject(db, insurer, UseSubject.Person, beneficiary.Person,
                    question.Member is { } n ? h => h.Person(insurer.AmcAscii, n, question.BirthDate, question.BirthRank) : null);
                var year = (short)question.ServiceDate.Year;
                var terms = answer.Decision.Terms!;
                var now = time.GetUtcNow();

                // The primary key decides between two calls for one case; the loser waits here and then reads the winner's answer.
                var mine = await db.ExecuteAsync(
                    """
                    insert into coverage (case_id, insurer_id, contract, contract_version, roster_version, person_id, family_id, year, state,
                      engagement_number, reserved_at, expires_at)
                    values (@caseId, @InsurerId, @Contract, @ContractVersion, @RosterVersion, @person, @family, @year, 'reserved',
                      @EngagementNumber, @now, @ExpiresAt)
                    on conflict (case_id) do nothing
                    """,
                    new
                    {
                        caseId,
                        InsurerId = insurer.Id,
                        beneficiary.Contract,
                        ContractVersion = terms.Version,
                        answer.RosterVersion,
                        person,
                        family,
                        year,
                        answer.EngagementNumber,
                        now,
                        ExpiresAt = answer.EngagementExpiresAt,
                    });
                if (mine == 0)
                {
                    return (await Existing(db, caseId))!;
                }

                // Family before person, always: two members of one family then wait for each other instead of blocking each other.
                await UseOne(db, family, year, terms.UsesPerFamily);
                await UseOne(db, person, year, terms.UsesPerPerson);
                await Outbox.Publish(db, caseId, new CoverageReserved
                {
                    CaseId = caseId,
                    InsurerId = insurer.Id,
                    EngagementNumber = answer.EngagementNumber,
                    ReservedAt = now,
                });
                await PartnerEvent.WriteCover(db, caseId, PartnerEventType.CoverageReserved, now);

                // An opinion that was delivered before its coverage was settled is booked now.
                await book.BookIfDelivered(db, caseId);
                return new Outcome(insurer.Id, answer.EngagementNumber, answer.EngagementExpiresAt, "");
            }, cancel);
        }
        catch (QuotaSpentException)
        {
            return new Outcome(answer.Insurer!.Id, "", null, Refusal.NoUseLeft);
        }
    }

    /// <summary>
    /// The stable id behind a hash, made on first use. When the member number is at hand, the hashes under the other keys name the same subject:
    /// a change of key then forgets no use.
    /// </summary>
    private async Task<Guid> Subject(NpgsqlConnection db, Insurer insurer, Word<UseSubject> kind, long hash, Func<IdentityHasher, long>? underOtherKeys)
    {
        var current = insurer.Roster!.KeyId;
        var names = new Dictionary<string, long> { [current] = hash };
        foreach (var keyId in underOtherKeys is null ? [] : keys.Ids.Where(id => id != current))
        {
            names[keyId] = underOtherKeys!(keys.Hasher(keyId));
        }

        var parameters =
            new { InsurerId = insurer.Id, kind, Keys = names.Keys.ToArray(), Hashes = names.Values.ToArray(), current, hash, NewId = Guid.CreateVersion7() };
        await db.ExecuteAsync(
            """
            with name as (select * from unnest(@Keys, @Hashes) n (key_id, hash)),
            known as (
              select s.subject_id
              from name n
              join use_subject s on s.insurer_id = @InsurerId and s.kind = @kind and s.hash = n.hash and s.key_id = n.key_id
              order by n.key_id = @current desc
              limit 1)
            insert into use_subject (insurer_id, key_id, kind, hash, subject_id)
            select @InsurerId, n.key_id, @kind, n.hash, coalesce((select subject_id from known), @NewId)
            from name n
            on conflict do nothing
            """, parameters);
        return await db.ExecuteScalarAsync<Guid>(
            "select subject_id from use_subject where insurer_id = @InsurerId and kind = @kind and hash = @hash and key_id = @current", parameters);
    }

    private static async Task UseOne(NpgsqlConnection db, Guid subject, short year, int? limit)
    {
        var parameters = new { subject, year, limit };
        await db.ExecuteAsync("insert into use_count (subject_id, year, uses) values (@subject, @year, 0) on conflict do nothing", parameters);
        var taken = await db.ExecuteAsync(
            "update use_count set uses = uses + 1 where subject_id = @subject and year = @year and (@limit::int is null or uses < @limit)", parameters);
        if (taken == 0)
        {
            throw new QuotaSpentException();
        }
    }

    private static async Task<Outcome?> Existing(NpgsqlConnection db, Guid caseId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>(
            "select insurer_id, state, engagement_number, expires_at from coverage where case_id = @caseId", new { caseId });
        return row switch
        {
            null => null,
            { State.Value: CoverageState.Released or CoverageState.Expired } => new Outcome(row.InsurerId, "", null, Refusal.CaseReleased),
            _ => new Outcome(row.InsurerId, row.EngagementNumber, row.ExpiresAt, ""),
        };
    }

    /// <summary>Once a case and code.</summary>
    public Task TellRefusal(Guid caseId, string code, CancellationToken cancel) => dataSource.InContendedTransaction(async db =>
    {
        var now = time.GetUtcNow();
        var first = await db.ExecuteAsync(
            "insert into coverage_refusal (case_id, code, refused_at) values (@caseId, @code, @now) on conflict do nothing", new { caseId, code, now });
        if (first == 1)
        {
            await Outbox.Publish(db, caseId, new CoverageRefused { CaseId = caseId, RefusalCode = code, RefusedAt = now });
        }

        return first;
    }, cancel);

    private sealed record Row(Guid InsurerId, Word<CoverageState> State, string EngagementNumber, DateTimeOffset ExpiresAt);

    /// <summary>Rolls the reservation back: somebody else took the last use meanwhile.</summary>
    private sealed class QuotaSpentException : Exception;
}
