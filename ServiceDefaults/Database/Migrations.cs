using System.Reflection;
using Dapper;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>
/// Numbered SQL files, each run once in its own transaction, in order of name; an advisory lock lets several instances start at once.
/// A file that has run must not change: its hash is kept and compared.
/// </summary>
/// <param name="dataSource">As the owner of the database.</param>
/// <param name="service">Holds the files.</param>
/// <param name="role">The role that the service works as: it gets its rights afterwards. Null: nobody gets any.</param>
public sealed class Migrations(NpgsqlDataSource dataSource, Assembly service, string? role = null)
{
    private const string OutsideTransaction = "-- outside a transaction";

    /// <summary>Ten minutes of attempts: a long report ends in between.</summary>
    private const int MaxAttempts = 600;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);
    private const long LockKey = 0x5EC0_0D0B;

    /// <exception cref="InvalidOperationException">A migration that has already run was edited.</exception>
    public async Task Run(CancellationToken cancel = default)
    {
        await using var db = await OpenWhenUp(cancel);
        await db.ExecuteAsync("set lock_timeout = 0; set statement_timeout = 0");
        await db.ExecuteAsync("select pg_advisory_lock(@LockKey)", new { LockKey });
        try
        {
            await db.ExecuteAsync(
                """
                create table if not exists schema_migration (
                  name text primary key,
                  sha256 text not null,
                  applied_at timestamptz not null default now()
                )
                """);
            foreach (var (name, sql, hash) in await Missing(db))
            {
                await Apply(db, name, sql, hash, cancel);
            }

            if (role is not null)
            {
                await Rights.Settle(db, role);
            }
        }
        finally
        {
            await db.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey });
        }
    }

    /// <summary>For a service that is not given the owner: somebody else has migrated, with the same files.</summary>
    /// <exception cref="InvalidOperationException">A migration has not run, or was edited after it ran.</exception>
    public async Task Verify(CancellationToken cancel = default)
    {
        await using var db = await OpenWhenUp(cancel);
        var missing = await db.ExecuteScalarAsync<bool>("select to_regclass('schema_migration') is null") ? ["all of them"]
            : (await Missing(db)).Select(m => m.Name).ToList();
        if (missing.Count > 0)
        {
            throw new InvalidOperationException(
                $"Migrations have not run: {string.Join(", ", missing)}. Set the connection string of the owner, ConnectionStrings:NAME_owner, for the service "
                    + "to run them at its start, or start it once somewhere with it.");
        }
    }

    private async Task<List<(string Name, string Sql, string Hash)>> Missing(NpgsqlConnection db)
    {
        var applied = (await db.QueryAsync<(string Name, string Sha256)>("select name, sha256 from schema_migration")).ToDictionary(m => m.Name, m => m.Sha256);
        var missing = new List<(string, string, string)>();
        foreach (var (name, sql) in Files(typeof(Migrations).Assembly).Concat(Files(service)))
        {
            var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(sql)));
            if (!applied.TryGetValue(name, out var known))
            {
                missing.Add((name, sql, hash));
            }
            else if (known != hash)
            {
                throw new InvalidOperationException($"Migration {name} was edited after it ran. Restore it and put the change into a new file.");
            }
        }

        return missing;
    }

    /// <summary>
    /// A lock that a migration waits for makes every later reader wait behind it. So it waits half a second, lets the readers through, and tries again. A file
    /// whose first line is <c>-- outside a transaction</c> holds one repeatable statement, such as <c>create index concurrently if not exists</c>.
    /// </summary>
    internal static async Task Apply(NpgsqlConnection db, string name, string sql, string hash, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (sql.StartsWith(OutsideTransaction, StringComparison.Ordinal))
                {
                    await db.ExecuteAsync("set lock_timeout = 0");
                    await db.ExecuteAsync(sql);
                    await db.ExecuteAsync("insert into schema_migration (name, sha256) values (@name, @hash)", new { name, hash });
                    return;
                }

                await using var transaction = await db.BeginTransactionAsync(cancel);
                await db.ExecuteAsync($"set local lock_timeout = '{LockTimeout.TotalMilliseconds:0}ms'");
                await db.ExecuteAsync(sql);
                await db.ExecuteAsync("insert into schema_migration (name, sha256) values (@name, @hash)", new { name, hash });
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < MaxAttempts)
            {
                await Task.Delay(LockTimeout, cancel);
            }
        }
    }

    private async Task<NpgsqlConnection> OpenWhenUp(CancellationToken cancel)
    {
        // At a restart of the whole machine the database may come up after the service: wait half a minute before failing.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await dataSource.OpenConnectionAsync(cancel);
            }
            catch (NpgsqlException exception) when (exception.IsTransient && attempt < 30)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancel);
            }
        }
    }

    private static IEnumerable<(string Name, string Sql)> Files(Assembly assembly)
    {
        foreach (var resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith("Database/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return (resource["Database/".Length..], reader.ReadToEnd());
        }
    }
}
