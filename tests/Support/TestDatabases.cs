using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Tests.Support;

/// <param name="Administrator">Connection string of the superuser, for what a test must do or see that the service may not.</param>
/// <param name="Service">As the service works: its role, with the rights it has anywhere.</param>
/// <param name="Owner">As the service migrates.</param>
public sealed record TestDatabase(string Administrator, string Service, string Owner);

/// <summary>A database per test class: cloned from a template that was migrated once per service and process, with the roles of the service.</summary>
public static class TestDatabases
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Task<string>>> Templates = new();
    private static readonly SemaphoreSlim OneClone = new(1, 1);

    /// <returns>A fresh, migrated database.</returns>
    /// <param name="service">Holds the migrations; the last part of its name is the service's.</param>
    public static async Task<TestDatabase> Create(Assembly service)
    {
        var template = await Templates.GetOrAdd(service, s => new(() => Migrate(s))).Value;
        var servers = await TestServers.Get();
        await OneClone.WaitAsync();
        try
        {
            return await Empty(servers.Postgres, NameOf(service), $"template {template}");
        }
        finally
        {
            OneClone.Release();
        }
    }

    /// <summary>A database without tables, and the service's two roles.</summary>
    /// <param name="server">Connection string of its superuser.</param>
    /// <param name="from">The rest of <c>create database</c>.</param>
    public static async Task<TestDatabase> Empty(string server, string service, string from = "")
    {
        var name = $"t_{Guid.CreateVersion7():n}";
        var roles = RolesOf(server, service);
        await using (var db = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Database = "postgres" }.ConnectionString))
        {
            await db.OpenAsync();
            await roles.Make(db);
            await db.ExecuteAsync($"create database {name} {from}");
        }

        // Pooling off: a template with an open session cannot be cloned.
        await using (var inside = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false }.ConnectionString))
        {
            await inside.OpenAsync();
            await roles.Open(inside);
        }

        return new TestDatabase(
            new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString,
            new NpgsqlConnectionStringBuilder(server) { Database = name, Username = roles.Service, Password = roles.ServicePassword }.ConnectionString,
            new NpgsqlConnectionStringBuilder(server) { Database = name, Username = roles.Owner, Password = roles.OwnerPassword }.ConnectionString);
    }

    /// <summary><c>billing</c> for <c>SecondOpinion.Billing</c>.</summary>
    public static string NameOf(Assembly service)
    {
        var name = service.GetName().Name!.Split('.')[^1];
        return name.ToLowerInvariant();
    }

    private static async Task<string> Migrate(Assembly service)
    {
        var servers = await TestServers.Get();
        var database = await Empty(servers.Postgres, NameOf(service));
        await using var owner = NpgsqlDataSource.Create(database.Owner + ";Pooling=false");
        await new Migrations(owner, service, NameOf(service)).Run();
        return new NpgsqlConnectionStringBuilder(database.Owner).Database!;
    }

    /// <summary>Passwords that every process which knows the server's own finds alike.</summary>
    private static DatabaseRoles RolesOf(string server, string service)
    {
        string Password(string role) => Secrets.Of(new NpgsqlConnectionStringBuilder(server).Password!, role);
        return new DatabaseRoles(service, Password(DatabaseRoles.OwnerOf(service)), Password(service));
    }
}

/// <summary>Secrets that follow from one that is known to the whole test run.</summary>
internal static class Secrets
{
    public static string Of(string known, string name) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(known), Encoding.UTF8.GetBytes(name)));
}
