using Dapper;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Makes a loaded table the roster that answers, at once and whole: one short transaction, for which no reader waits. Nothing else happens here: when it has
/// committed, the roster is live, and what follows (<see cref="DropOldRosters"/>) can fail and be repeated without touching it.
/// </summary>
internal sealed class RosterSwitch(NpgsqlDataSource dataSource, TimeProvider time)
{
    public async Task To(ImportRun run, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await dataSource.InTransaction(async db =>
        {
            await RosterTable.Lock(db, run.Table);
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
            await PartnerEvent.Write(
                db, run.Insurer.Id, PartnerEventType.RosterImported, run.Import.Id,
                new(RosterVersion: version, Accepted: run.Progress.Accepted, Rejected: run.Progress.Rejected), now);
            await InsurerDirectory.Changed(db);
        }, cancel);
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
                Kinds = run.Rehashed.Select(r => r.Kind.Word()).ToArray(),
                Before = run.Rehashed.Select(r => r.Before).ToArray(),
                Now = run.Rehashed.Select(r => r.Now).ToArray(),
            });
}
