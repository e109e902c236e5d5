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
        (await db.QueryAsync<string>("select name from schema_migration order by name")).ShouldBe(["0000_shared_secret.sql", "0000_shared.sql", "0001_things.sql"], ignoreOrder: true);
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

    private static async Task<NpgsqlDataSource> Empty()
    {
        var servers = await TestServers.Get();
        var name = $"t_{Guid.CreateVersion7():n}";
        await using var db = new NpgsqlConnection(servers.Postgres);
        await db.ExecuteAsync($"create database {name}");
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(servers.Postgres) { Database = name }.ConnectionString);
    }
}
