using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Rights;

/// <summary>
/// Keeps each case as long as <see cref="RetentionPeriods"/> say: dates those that are over, archives those whose active use ended, erases those that were
/// kept long enough. With <see cref="RetentionPeriods.DryRun"/> it only counts. <see cref="ShowRetention"/> reports.
/// </summary>
internal sealed class KeepCases(
    NpgsqlDataSource dataSource, Keyring keyring, DocumentStore store, RetentionPeriods periods, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private const int Batch = 500;
    private static readonly TimeSpan Every = TimeSpan.FromHours(12);

    protected override async Task<Next> Pass(CancellationToken cancel) => await Keep(cancel) ? Next.Now : Next.After(Every);

    /// <returns>Whether there is more to do.</returns>
    internal async Task<bool> Keep(CancellationToken cancel)
    {
        var today = FrenchTime.Day(time.GetUtcNow());
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var undated = (await db.QueryAsync<Guid>(
            """
            select id from case_file
            where kept_until is null and state in ('closed', 'redirected', 'refused', 'withdrawn') and erased_at is null and id <> all(@PutOff)
            limit @Batch
            """, new { PutOff, Batch })).AsList();
        var dated = await Each(undated, id => Date(id, cancel), cancel);
        var toArchive = (await db.QueryAsync<Guid>(
            """
            select id from case_file
            where active_until <= @today and kept_until > @today and archived_at is null and erased_at is null and id <> all(@PutOff)
            limit @Batch
            """, new { today, PutOff, Batch })).AsList();
        var toErase = (await db.QueryAsync<Guid>(
            "select id from case_file where kept_until <= @today and erased_at is null and id <> all(@PutOff) limit @Batch",
            new { today, PutOff, Batch })).AsList();
        var (archived, erased) = (toArchive.Count, toErase.Count);
        if (!periods.DryRun)
        {
            archived = await Each(toArchive, id => Archive(id, cancel), cancel);
            erased = await Each(toErase, id => Erase(id, today, cancel), cancel);
        }

        if (toArchive.Count + toErase.Count > 0)
        {
            await db.ExecuteAsync(
                """
                insert into retention_run (id, at, dry_run, archived, erased, failed)
                values (@Id, @At, @DryRun, @archived, @erased, @Failed)
                """,
                new
                {
                    Id = Guid.CreateVersion7(),
                    At = time.GetUtcNow(),
                    periods.DryRun,
                    archived,
                    erased,
                    Failed = toArchive.Count + toErase.Count - archived - erased,
                });
        }

        return undated.Count == Batch && dated > 0 || !periods.DryRun && (toArchive.Count == Batch && archived > 0 || toErase.Count == Batch && erased > 0);
    }

    /// <summary>Days that follow from the case as it is; for one under way, as if it ended today.</summary>
    internal static async Task<(DateOnly ActiveUntil, DateOnly KeptUntil)> Dates(
        NpgsqlConnection db, Keyring keyring, RetentionPeriods periods, CaseRow file)
    {
        var withOpinion = RetentionPeriods.HasOpinion(file.State.Value);
        var ended = withOpinion && file.StoppedAt is { } delivered
            ? delivered
            : await db.ExecuteScalarAsync<DateTimeOffset?>("select max(at) from case_move where case_id = @Id", new { file.Id }) ?? file.OpenedAt;
        using var key = await CaseKey.Of(db, keyring, file.Id);
        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson);
        return periods.Of(withOpinion, FrenchTime.Day(ended), person.Patient.BirthDate);
    }

    private Task Date(Guid id, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        if (await CaseRows.AnyLocked(db, id) is { } file && CaseLife.IsOver(file.State.Value))
        {
            var (activeUntil, keptUntil) = await Dates(db, keyring, periods, file);
            await db.ExecuteAsync(
                "update case_file set active_until = @activeUntil, kept_until = @keptUntil where id = @id and erased_at is null",
                new { id, activeUntil, keptUntil });
        }
    }, cancel);

    private Task Archive(Guid id, CancellationToken cancel) => dataSource.InTransaction(db => db.ExecuteAsync(
        "update case_file set archived_at = @Now where id = @id and archived_at is null", new { id, Now = time.GetUtcNow() }), cancel);

    private async Task Erase(Guid id, DateOnly today, CancellationToken cancel)
    {
        var documents = await dataSource.InTransaction<IReadOnlyList<Guid>>(async db =>
        {
            // Another instance may have been here, or the person.
            var due = await db.ExecuteScalarAsync<bool>(
                "select kept_until <= @today and erased_at is null from case_file where id = @id for update", new { id, today });
            return due ? await EraseCase.Erase(db, id, EraseCase.KeptLongEnough, time.GetUtcNow()) : [];
        }, cancel);
        foreach (var document in documents)
        {
            store.Erase(document);
        }
    }
}
