using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Npgsql;

namespace Aspire.Hosting.Servers;

/// <summary>Creates the database once its server is up; from then on the database is as healthy as a connection to it.</summary>
internal sealed class PostgresDatabaseLauncher(PostgresDatabaseResource database) : Launcher
{
    public override async Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        await database.Parent.Creating.WaitAsync(cancellationToken);
        try
        {
            var options = new NpgsqlConnectionStringBuilder(await database.Parent.GetConnectionStringAsync(cancellationToken)) { Pooling = false };
            options.Database ??= "postgres";
            await using var connection = new NpgsqlConnection(options.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection)
            {
                Parameters = { new() { Value = database.DatabaseName } },
            };
            if (await exists.ExecuteScalarAsync(cancellationToken) is null)
            {
                var quoted = database.DatabaseName.Replace("\"", "\"\"", StringComparison.Ordinal);
                await using var create = new NpgsqlCommand($"create database \"{quoted}\"", connection);
                await create.ExecuteNonQueryAsync(cancellationToken);
                context.Log($"database {database.DatabaseName} created");
            }
        }
        finally
        {
            database.Parent.Creating.Release();
        }

        return null;
    }

    public override IEnumerable<HealthProbe> Probes(LaunchContext context) =>
        [new($"select 1 in {database.DatabaseName}", async cancellationToken =>
        {
            var connectionString = await ((IResourceWithConnectionString)database).GetConnectionStringAsync(cancellationToken);
            return await PostgresProbe.FailureAsync(connectionString ?? "", cancellationToken);
        })];
}
