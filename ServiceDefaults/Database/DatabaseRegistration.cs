using System.Reflection;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>Before a service works: its tables are those that its program knows, and the role it works as may not change them.</summary>
internal sealed class DatabaseStart(NpgsqlDataSource dataSource, Assembly migrations, string? owner, string? role)
{
    public async Task Run(CancellationToken cancel)
    {
        if (owner is null)
        {
            await new Migrations(dataSource, migrations).Verify(cancel);
        }
        else
        {
            // No pool: afterwards nothing here can act as the owner.
            await using var owning = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(owner) { Pooling = false, Timeout = 5 });
            await new Migrations(owning, migrations, role).Run(cancel);
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await Rights.Check(db);
    }
}

/// <summary>The one PostgreSQL database of a service: limits on every session, one small pool, migrations at start.</summary>
public static class DatabaseRegistration
{
    /// <summary>
    /// Adds the service's <see cref="NpgsqlDataSource"/> from <c>ConnectionStrings:{name}</c>: of a role that owns nothing. The assembly of the service holds
    /// its numbered migrations as <c>Database/NNNN_name.sql</c>; they run at the start as <c>ConnectionStrings:{name}_owner</c>, or have run elsewhere.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection string is not set.</exception>
    public static void AddDatabase(this WebApplicationBuilder builder, string name, Assembly migrations)
    {
        var configured = builder.Configuration.GetConnectionString(name)
            ?? throw new InvalidOperationException($"ConnectionStrings:{name} is not set: the service has no database. AppHost sets it for local runs.");
        var settings = new NpgsqlConnectionStringBuilder(configured)
        {
            ApplicationName = name,
            // Five services share one server: their pools together stay under its max_connections.
            MaxPoolSize = builder.Configuration.GetValue("Database:MaxPoolSize", 16),
            // The few statements of a service are run over and over: parsed and planned once a connection, not once a call.
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            CommandTimeout = 30,
            Timeout = 5,
            // PostgreSQL waits for ever by default; a stuck session must let go of its locks.
            Options = "-c lock_timeout=5s -c statement_timeout=25s -c idle_in_transaction_session_timeout=60s",
        };
        SqlTypes.Map(migrations);
        var dataSource = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }.Build();
        // Made by the container, in its eyes: what it did not make it does not dispose of, and a stopped service would keep its connections.
        builder.Services.AddSingleton(_ => dataSource);
        builder.Services.AddSingleton(new DatabaseStart(
            dataSource, migrations, builder.Configuration.GetConnectionString($"{name}_owner"), settings.Username));
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealth>("database", tags: ["ready"]);
    }

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction and commits when it returns. An exception rolls back, and so does a refusal
    /// as its result (<see cref="Problem"/>, <see cref="Result{T}"/>): it leaves nothing behind.
    /// </summary>
    public static async Task<T> InTransaction<T>(this NpgsqlDataSource dataSource, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancel = default)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await using var transaction = await db.BeginTransactionAsync(cancel);
        var result = await work(db);
        if (!IsRefusal(result))
        {
            // Not cancellable: a caller who left must not turn a decided commit into an unknown one.
            await transaction.CommitAsync(CancellationToken.None);
        }

        return result;
    }

    /// <summary>
    /// For what a service does at its start in one transaction: another instance that starts at the same time may be doing it, and is waited for.
    /// </summary>
    public static Task WaitForOtherStarts(this NpgsqlConnection db) =>
        db.ExecuteAsync("set local lock_timeout = '2min'; set local statement_timeout = '2min'");

    public static Task InTransaction(this NpgsqlDataSource dataSource, Func<NpgsqlConnection, Task> work, CancellationToken cancel = default) =>
        dataSource.InTransaction(async db =>
        {
            await work(db);
            return true;
        }, cancel);

    internal static bool IsRefusal(object? result) => result is Problem or INestedHttpResult { Result: Problem } or IMayBeRefused { Refusal: not null };
}
