using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Submission;

/// <summary>
/// Asks billing again for the cases whose coverage is pending: checks for a draft, reserves for a submitted file, which is then complete. Several instances
/// may run: a case is claimed by moving its next attempt before billing is asked.
/// </summary>
internal sealed partial class SettleCoverage(
    NpgsqlDataSource dataSource, Keyring keyring, CoverageDesk desk, TimeProvider time, BackgroundJobs jobs, ILogger<SettleCoverage> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Nobody is there to correct what billing cannot read.</summary>
    private static readonly CoverageAnswer OtherFamily = new CoverageAnswer.Refused(null, null, "account_bound", Problems.AccountBound.TitleFr + ".");

    private static readonly CoverageAnswer Unrecognised = new CoverageAnswer.Refused(null, null, "unreadable",
        "La complémentaire ne reconnaît pas ces informations d'adhérent.");

    internal async Task SettleDue(CancellationToken cancel) => await Each(await Claim(cancel), id => Settle(id, cancel), cancel);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await SettleDue(cancel);
        return Next.After(Look);
    }

    private async Task<IReadOnlyList<Guid>> Claim(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var now = time.GetUtcNow();
        return (await db.QueryAsync<Guid>(
            $"""
            update case_file
            set coverage_attempts = coverage_attempts + 1,
                coverage_next_attempt_at = @now + least(@FirstWait * power(2, least(coverage_attempts, 10)), @LongestWait)
            where id in (
              select id
              from case_file
              where coverage = 'pending' and coverage_next_attempt_at <= @now
                -- A file whose proof of authority nobody has accepted yet reserves nothing, and opens to nobody.
                and (state <> 'submitted' or {AuthorityReview.Holds})
              order by coverage_next_attempt_at
              limit 20
              for update skip locked)
            returning id
            """,
            new { now, CoverageRecord.FirstWait, LongestWait })).AsList();
    }

    private async Task Settle(Guid id, CancellationToken cancel)
    {
        CoverageQuestion question;
        CoverageAsker asker;
        bool submitted;
        await using (var db = await dataSource.OpenConnectionAsync(cancel))
        {
            if (await CaseRows.Any(db, id) is not { SealedCoverageQuestion: { } box } file)
            {
                return;
            }

            using var key = await CaseKey.Of(db, keyring, id);
            question = key.Open<CoverageQuestion>(CaseColumns.CoverageQuestion, box);
            asker = new CoverageAsker(file.OpenedBy, file.PatientId);
            submitted = file.State.Value == CaseState.Submitted;
        }

        var answer = submitted ? await desk.Reserve(id, asker, question, cancel) : await desk.Check(id, asker, question, cancel);
        if (answer is CoverageAnswer.Pending or CoverageAnswer.TooMany)
        {
            return;
        }

        await dataSource.InTransaction(async db =>
        {
            // Meanwhile the case may have been submitted, withdrawn, or settled by another instance: then the next round sees it as it is.
            if (await CaseRows.AnyLocked(db, id) is { Coverage.Value: CoverageStatus.Pending } file && submitted == (file.State.Value == CaseState.Submitted))
            {
                await Write(db, file, answer, submitted);
                Log.Settled(logger, id, answer.GetType().Name);
            }
        }, cancel);
    }

    private async Task Write(NpgsqlConnection db, CaseRow file, CoverageAnswer answer, bool submitted)
    {
        var now = time.GetUtcNow();
        file = await CoverageRecord.Keep(db, file, answer switch
        {
            CoverageAnswer.Unreadable => Unrecognised,
            CoverageAnswer.OtherFamily => OtherFamily,
            _ => answer,
        }, reserved: submitted, now);
        if (submitted && file.Coverage == CoverageStatus.Reserved)
        {
            using var key = await CaseKey.Of(db, keyring, file.Id);
            await SubmitCase.Complete(db, key, file, now);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Case {CaseId}: the pending coverage is settled ({Answer})")]
        public static partial void Settled(ILogger logger, Guid caseId, string answer);
    }
}
