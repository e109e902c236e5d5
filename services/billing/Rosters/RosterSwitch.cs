using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Billing.Rosters;

/// <summary>Makes a loaded table the roster that answers, at once and whole: one short transaction, for which no reader waits.</summary>
internal sealed class RosterSwitch(NpgsqlDataSource dataSource, ImportConnections connections, InsurerDirectory insurers, RosterOptions options, TimeProvider time)
{
    public async Task To(ImportRun run, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await dataSource.InTransaction(async db =>
        {
            var version = await db.ExecuteScalarAsync<int>(
                "select coalesce(max(version), 0) + 1 from roster_version where insurer_id = @Id", new { run.Insurer.Id });
            var members = run.Members.Values.Sum();
            await db.ExecuteAsync(
                """
                insert into roster_version (insurer_id, version, import_id, table_name, key_id, members, imported_at)
                values (@InsurerId, @version, @ImportId, @Table, @KeyId, @members, @now);
                insert into roster_version_contract (insurer_id, version, contract, members)
                select @InsurerId, @version, * from unnest(@Contracts, @Counts);
                insert into roster (insurer_id, version, switched_at)
                values (@InsurerId, @version, @now)
                on conflict (insurer_id) do update set version = excluded.version, switched_at = excluded.switched_at;
                update roster_import
                set state = 'imported', phase = '', roster_version = @version, finished_at = @now, updated_at = @now
                where id = @ImportId;
                """,
                new
                {
                    InsurerId = run.Insurer.Id,
                    version,
                    ImportId = run.Import.Id,
                    run.Table,
                    run.KeyId,
                    members,
                    now,
                    Contracts = run.Members.Keys.ToArray(),
                    Counts = run.Members.Values.ToArray(),
                });
            await CarryUses(db, run);
            await Outbox.Publish(db, run.Insurer.Id, new RosterImported
            {
                InsurerId = run.Insurer.Id,
                RosterVersion = version,
                Accepted = run.Progress.Accepted,
                Rejected = run.Progress.Rejected,
                ImportedAt = now,
            });
            await InsurerDirectory.Changed(db);
        }, cancel);
        await insurers.Refresh();
        await DropOld(run.Insurer.Id);
    }

    /// <summary>Keeps the last versions and the one that answers; the tables of the others go.</summary>
    private async Task DropOld(Guid insurerId)
    {
        await using var db = await connections.Imports.OpenConnectionAsync();
        var old = await db.QueryAsync<(int Version, string Table)>(
            """
            select v.version, v.table_name
            from roster_version v
            join roster r on r.insurer_id = v.insurer_id
            where v.insurer_id = @insurerId and v.dropped_at is null and v.version <> r.version
              and v.version <= (select max(version) from roster_version where insurer_id = @insurerId) - @VersionsKept
            """,
            new { insurerId, options.VersionsKept });
        foreach (var (version, table) in old)
        {
            await RosterTable.Drop(db, table);
            await db.ExecuteAsync(
                "update roster_version set dropped_at = @Now where insurer_id = @insurerId and version = @version", new { insurerId, version, Now = time.GetUtcNow() });
        }
    }

    private static Task CarryUses(NpgsqlConnection db, ImportRun run) => run.Rehashed.IsEmpty
        ? Task.CompletedTask
        : db.ExecuteAsync(
            """
            insert into use_subject (insurer_id, key_id, kind, hash, subject_id)
            select s.insurer_id, @KeyId, s.kind, n.hash, s.subject_id
            from unnest(@Kinds, @Before, @Now) n (kind, before, hash)
            join use_subject s on s.insurer_id = @InsurerId and s.kind = n.kind and s.hash = n.before and s.key_id = @BeforeKeyId
            on conflict do nothing
            """,
            new
            {
                InsurerId = run.Insurer.Id,
                run.KeyId,
                BeforeKeyId = run.Insurer.Roster!.KeyId,
                Kinds = run.Rehashed.Select(r => r.Kind).ToArray(),
                Before = run.Rehashed.Select(r => r.Before).ToArray(),
                Now = run.Rehashed.Select(r => r.Now).ToArray(),
            });
}
