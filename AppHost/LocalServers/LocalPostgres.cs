using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.LocalServers;

/// <summary>PostgreSQL as a process of this machine: what <c>AddPostgres</c> is where a container engine answers.</summary>
internal sealed class LocalPostgresResource(string name, PostgresServer server, ParameterResource password)
    : LocalServerResource(name, server), IResourceWithConnectionString
{
    public PostgresServer Server => server;

    public List<LocalPostgresDatabaseResource> Databases { get; } = [];

    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Endpoint.Property(EndpointProperty.Host)};Port={Endpoint.Property(EndpointProperty.Port)};Username={PostgresServer.User};Password={password}");
}

/// <summary>A database of it, made when the server is ready.</summary>
internal sealed class LocalPostgresDatabaseResource(string name, string database, DatabaseRoles roles, LocalPostgresResource server)
    : Resource(name), IResourceWithParent<LocalPostgresResource>, IResourceWithConnectionString
{
    public LocalPostgresResource Parent => server;

    public string Database => database;

    public DatabaseRoles Roles => roles;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{server};Database={database}");
}

internal static class LocalPostgres
{
    public static IResourceBuilder<LocalPostgresResource> AddLocalPostgres(
        this IDistributedApplicationBuilder builder, string name, PostgresServer server, IResourceBuilder<ParameterResource> password) => builder
        .AddResource(new LocalPostgresResource(name, server, password.Resource))
        .WithEndpoint(port: server.Port, targetPort: server.Port, scheme: "tcp", name: "tcp", isProxied: false)
        .RunsAs(server)
        .OnResourceReady(async (resource, ready, cancellationToken) =>
        {
            await Make(server.ConnectionString, resource.Databases.Select(d => d.Roles), cancellationToken);
            foreach (var database in resource.Databases)
            {
                // Aspire passes a parent's state on to its children for containers only; who waits for the database would wait for ever.
                await ready.Services.GetRequiredService<ResourceNotificationService>().PublishUpdateAsync(
                    database, snapshot => snapshot with { State = KnownResourceStates.Running, StartTimeStamp = DateTime.UtcNow });
            }
        });

    public static IResourceBuilder<LocalPostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<LocalPostgresResource> server, string name, string database, DatabaseRoles roles)
    {
        var resource = new LocalPostgresDatabaseResource(name, database, roles, server.Resource);
        server.Resource.Databases.Add(resource);
        return server.ApplicationBuilder.AddResource(resource).WithCheck(server.Resource.Server.Check);
    }

    /// <summary>For each service its database and its two roles, where they are not there yet.</summary>
    /// <param name="administrator">Connection string of a superuser.</param>
    public static async Task Make(string administrator, IEnumerable<DatabaseRoles> services, CancellationToken cancel)
    {
        var server = new NpgsqlConnectionStringBuilder(administrator) { Pooling = false, Database = "postgres" };
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancel);
        foreach (var roles in services)
        {
            await Create(connection, roles.Service, cancel);
            await roles.Make(connection, cancel);
            server.Database = roles.Service;
            await using var inside = new NpgsqlConnection(server.ConnectionString);
            await inside.OpenAsync(cancel);
            await roles.Open(inside, cancel);
        }
    }

    private static async Task Create(NpgsqlConnection connection, string database, CancellationToken cancellationToken)
    {
        try
        {
            await using var create = new NpgsqlCommand($"create database \"{database}\"", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exists) when (exists.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // From an earlier run.
            return;
        }
    }
}
