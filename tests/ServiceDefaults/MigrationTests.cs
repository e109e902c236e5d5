using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

public sealed class MigrationTests
{
    [Fact]
    public async Task Several_instances_that_start_at_once_migrate_once()
    {
        await using var dataSource = await Empty();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => new Migrations(dataSource, typeof(Program).Assembly).Run()));
        await using var db = await dataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        (await db.QueryAsync<string>("select name from schema_migration order by name"))
            .ShouldBe(
                [
                    "0000_shared_audit_chain.sql", "0000_shared_secret.sql", "0000_shared_sent.sql", "0000_shared_unchanging.sql", "0000_shared.sql",
                    "0001_things.sql",
                ],
                ignoreOrder: true);
    }

    [Fact]
    public async Task A_migration_that_was_edited_after_it_ran_stops_the_start()
    {
        await using var dataSource = await Empty();
        await new Migrations(dataSource, typeof(Program).Assembly).Run(TestContext.Current.CancellationToken);
        await using var db = await dataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await db.ExecuteAsync("update schema_migration set sha256 = 'other' where name = '0001_things.sql'");
        var refusal = await Should.ThrowAsync<InvalidOperationException>(() => new Migrations(dataSource, typeof(Program).Assembly).Run());
        refusal.Message.ShouldContain("0001_things.sql");
    }

    [Fact]
    public async Task A_migration_that_needs_a_lock_makes_no_reader_wait_longer_than_a_second()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var dataSource = await Empty();
        await new Migrations(dataSource, typeof(Program).Assembly).Run(cancel);
        await using var owner = await dataSource.OpenConnectionAsync(cancel);
        await owner.ExecuteAsync("alter table outbox add column probe int");

        // A long report reads the outbox; the migration of the outbox wants it alone; others go on reading.
        await using var report = await dataSource.OpenConnectionAsync(cancel);
        await using var reading = await report.BeginTransactionAsync(cancel);
        await report.ExecuteAsync("select count(*) from outbox");
        var migrating = Migrations.Apply(owner, "9999_probe.sql", "alter table outbox drop column probe", "hash", cancel);
        var longest = TimeSpan.Zero;
        var begun = System.Diagnostics.Stopwatch.StartNew();
        await using (var reader = await dataSource.OpenConnectionAsync(cancel))
        {
            while (begun.Elapsed < TimeSpan.FromSeconds(3))
            {
                var one = System.Diagnostics.Stopwatch.StartNew();
                await reader.ExecuteAsync("select count(*) from outbox");
                longest = one.Elapsed > longest ? one.Elapsed : longest;
            }
        }

        longest.ShouldBeLessThan(TimeSpan.FromSeconds(1));
        migrating.IsCompleted.ShouldBeFalse("the report still reads");
        await reading.CommitAsync(cancel);
        await migrating.WaitAsync(TimeSpan.FromSeconds(20), cancel);
    }

    [Fact]
    public async Task The_role_of_a_service_reads_and_writes_rows_and_takes_nothing_back_that_is_append_only()
    {
        var database = await TestDatabases.Create(typeof(Program).Assembly);
        await using var db = new NpgsqlConnection(database.Service);
        await db.ExecuteAsync(
            """
            insert into audit_record (id, actor_role, actor, action, object_type, object_id, purpose)
            values (gen_random_uuid(), 'ops', 'x', 'read', 'thing', 'x', 'test')
            """);
        await db.ExecuteAsync("insert into thing (id, name) values (gen_random_uuid(), 'x'); update thing set name = 'y'; delete from thing");
        foreach (var statement in (string[])
            [
                "update audit_record set actor = 'y'", "delete from audit_record", "truncate audit_record", "truncate thing", "drop table thing",
                "create table mine ()", "delete from schema_migration", "alter table audit_record disable trigger all", "set role probe_owner",
            ])
        {
            (await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(statement))).SqlState.ShouldBe("42501", statement);
        }
    }

    [Fact]
    public async Task A_service_starts_neither_as_an_owner_or_superuser_nor_on_tables_that_nobody_made()
    {
        var made = await TestDatabases.Create(typeof(Program).Assembly);
        await Start(made.Service, null);
        await Start(made.Service, made.Owner);
        (await Should.ThrowAsync<InvalidOperationException>(() => Start(made.Owner, null))).Message.ShouldContain("owns its tables");
        (await Should.ThrowAsync<InvalidOperationException>(() => Start(made.Administrator, null))).Message.ShouldContain("superuser");

        var empty = await TestDatabases.Empty((await TestServers.Get()).Postgres, "probe");
        (await Should.ThrowAsync<InvalidOperationException>(() => Start(empty.Service, null))).Message.ShouldContain("ConnectionStrings:NAME_owner");

        static async Task Start(string service, string? owner)
        {
            await using var dataSource = NpgsqlDataSource.Create(service);
            await new DatabaseStart(dataSource, typeof(Program).Assembly, owner, new NpgsqlConnectionStringBuilder(service).Username)
                .Run(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<NpgsqlDataSource> Empty()
    {
        var servers = await TestServers.Get();
        var name = $"t_{Guid.CreateVersion7():n}";
        await using var db = new NpgsqlConnection(servers.Postgres);
        await db.ExecuteAsync($"create database {name}");
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(servers.Postgres) { Database = name }.ConnectionString);
    }
}
