using System.Collections.Concurrent;
using System.Reflection;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Tests.Support;

/// <summary>A database per test class: cloned from a template that was migrated once per service and process.</summary>
public static class TestDatabases
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Task<string>>> Templates = new();
    private static readonly SemaphoreSlim OneClone = new(1, 1);

    /// <returns>The connection string of a fresh, migrated database.</returns>
    public static async Task<string> Create(Assembly service)
    {
        var template = await Templates.GetOrAdd(service, s => new(() => Migrate(s))).Value;
        var name = $"t_{Guid.CreateVersion7():n}";
        var servers = await TestServers.Get();
        await OneClone.WaitAsync();
        try
        {
            await using var db = new NpgsqlConnection(servers.Postgres);
            await db.ExecuteAsync($"create database {name} template {template}");
        }
        finally
        {
            OneClone.Release();
        }

        return In(servers.Postgres, name);
    }

    private static async Task<string> Migrate(Assembly service)
    {
        var servers = await TestServers.Get();
        var name = $"template_{Guid.CreateVersion7():n}";
        await using (var db = new NpgsqlConnection(servers.Postgres))
        {
            await db.ExecuteAsync($"create database {name}");
        }

        // Pooling off: a template with an open session cannot be cloned.
        await using var dataSource = NpgsqlDataSource.Create(In(servers.Postgres, name) + ";Pooling=false");
        await new Migrations(dataSource, service).Run();
        return name;
    }

    private static string In(string server, string database) => new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;
}
