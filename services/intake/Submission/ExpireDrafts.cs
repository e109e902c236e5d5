using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Reminders;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Submission;

/// <summary>
/// Withdraws the files that nobody touched for <see cref="CaseOptions.DraftLife"/> before they were complete, and sets their documents aside: health data
/// without a purpose is not kept, and the room is given back. Where mail is sent, nobody's ends without a warning (<see cref="RemindPatients"/>).
/// </summary>
internal sealed partial class ExpireDrafts(
    NpgsqlDataSource dataSource, DocumentStore store, CaseOptions options, MailSettings mail, TimeProvider time, BackgroundJobs jobs,
    ILogger<ExpireDrafts> logger)
        : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Expire(cancel);
        return Next.After(Every);
    }

    internal async Task Expire(CancellationToken cancel)
    {
        var before = time.GetUtcNow() - options.DraftLife;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var old = (await db.QueryAsync<Guid>(
            """
            select id from case_file c
            where state in ('draft', 'incomplete') and touched_at < @before
              and (@Unwarned or exists (
                select from reminder r
                where r.about = c.id and r.reason = 'expiry' and r.since = c.touched_at and r.state <> 'sending' and r.at < @Warned))
            order by touched_at
            limit 500
            """,
            new { before, Unwarned = mail.Host.Length == 0, Warned = time.GetUtcNow().AddDays(-ReminderTexts.WarningDays) })).AsList();
        await Each(old, id => One(id, before, cancel), cancel);
    }

    private async Task One(Guid id, DateTimeOffset before, CancellationToken cancel)
    {
        var documents = await dataSource.InTransaction<IReadOnlyList<Guid>>(async db =>
        {
            // Touched or submitted meanwhile: then it is not ours.
            if (await CaseRows.AnyLocked(db, id) is not { } file
                || !await db.ExecuteScalarAsync<bool>("select state in ('draft', 'incomplete') and touched_at < @before from case_file where id = @id",
                    new { id, before }))
            {
                return [];
            }

            await WithdrawCase.Withdraw(db, file, time.GetUtcNow());
            Log.Expired(logger, id);
            return (await db.QueryAsync<Guid>("delete from document where case_id = @id returning id", new { id })).AsList();
        }, cancel);
        // After the commit: a file without a row is swept, a row without a file would be a loss.
        foreach (var document in documents)
        {
            store.SetAside(document);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Case {CaseId} was never finished and is withdrawn")]
        public static partial void Expired(ILogger logger, Guid caseId);
    }
}
