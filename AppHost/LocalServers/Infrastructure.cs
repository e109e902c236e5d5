using System.Diagnostics;
using Npgsql;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.LocalServers;

/// <summary>
/// PostgreSQL and RabbitMQ of the system: existing ones where their address is given, containers where an engine answers or the model is published, processes
/// of this machine anywhere else. The services see no difference.
/// </summary>
internal sealed class Infrastructure
{
    private readonly Func<string, IResourceBuilder<IResourceWithConnectionString>> _database;

    private Infrastructure(
        Func<string, IResourceBuilder<IResourceWithConnectionString>> database, IResourceBuilder<IResourceWithConnectionString> broker,
        ReferenceExpression management) =>
        (_database, RabbitMQ, Management) = (database, broker, management);

    public IResourceBuilder<IResourceWithConnectionString> RabbitMQ { get; }

    /// <summary>The address of the broker's management API.</summary>
    public ReferenceExpression Management { get; }

    /// <summary>The database of a service.</summary>
    public IResourceBuilder<IResourceWithConnectionString> Database(string service) => _database(service);

    public static Infrastructure Add(IDistributedApplicationBuilder builder, RunOptions options, Ports ports)
    {
        var containers = builder.ExecutionContext.IsPublishMode
            || ((options.Postgres is null || options.RabbitMQ is null) && (options.Containers ?? ContainerEngineAnswers()));
        var database = options.Postgres is { } existing ? ExistingPostgres(builder, existing)
            : containers ? PostgresContainer(builder)
            : PrivatePostgres(builder, options, ports);
        var (broker, management) = options.RabbitMQ is { } address ? ExistingRabbitMQ(builder, address, options.RabbitMQManagement)
            : containers ? RabbitMQContainer(builder)
            : PrivateRabbitMQ(builder, options, ports);
        return new Infrastructure(database, broker, management);
    }

    private static Func<string, IResourceBuilder<IResourceWithConnectionString>> PrivatePostgres(
        IDistributedApplicationBuilder builder, RunOptions options, Ports ports)
    {
        var password = builder.AddParameter(LocalKeys.PostgresPassword, secret: true);
        var server = builder.AddLocalPostgres(
            "postgres",
            new PostgresServer(options.DataFolder, "postgres", ports, LocalKeys.Of(builder.Configuration, LocalKeys.PostgresPassword), options.Throwaway),
            password);
        return service => server.AddDatabase($"{service}-database", service);
    }

    private static (IResourceBuilder<IResourceWithConnectionString> Broker, ReferenceExpression Management) PrivateRabbitMQ(
        IDistributedApplicationBuilder builder, RunOptions options, Ports ports)
    {
        var password = builder.AddParameter(LocalKeys.RabbitMQPassword, secret: true);
        var broker = builder.AddLocalRabbitMQ(
            "rabbitmq",
            new RabbitMQServer(options.DataFolder, "rabbitmq", ports, LocalKeys.Of(builder.Configuration, LocalKeys.RabbitMQPassword), options.Throwaway),
            password);
        return (broker, ReferenceExpression.Create($"{broker.GetEndpoint("management")}"));
    }

    private static Func<string, IResourceBuilder<IResourceWithConnectionString>> PostgresContainer(IDistributedApplicationBuilder builder)
    {
        var server = builder.AddPostgres("postgres", password: builder.AddParameter(LocalKeys.PostgresPassword, secret: true)).WithDataVolume();
        return service => server.AddDatabase($"{service}-database", service);
    }

    private static (IResourceBuilder<IResourceWithConnectionString> Broker, ReferenceExpression Management) RabbitMQContainer(
        IDistributedApplicationBuilder builder)
    {
        var broker = builder.AddRabbitMQ("rabbitmq", password: builder.AddParameter(LocalKeys.RabbitMQPassword, secret: true))
            .WithManagementPlugin().WithDataVolume();
        return (broker, ReferenceExpression.Create($"{broker.GetEndpoint("management")}"));
    }

    /// <summary>Nothing to start; the databases are made before the services start.</summary>
    private static Func<string, IResourceBuilder<IResourceWithConnectionString>> ExistingPostgres(
        IDistributedApplicationBuilder builder, NpgsqlConnectionStringBuilder address)
    {
        var server = builder.AddParameter("postgres-server", () => address.ConnectionString, secret: true);
        var databases = new List<string>();
        builder.Eventing.Subscribe<BeforeStartEvent>(async (_, cancellationToken) =>
        {
            await using var connection = new NpgsqlConnection(address.ConnectionString + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            foreach (var database in databases)
            {
                await LocalPostgres.Create(connection, database, cancellationToken);
            }
        });
        return service =>
        {
            databases.Add(service);
            return builder.AddConnectionString($"{service}-database", ReferenceExpression.Create($"{server};Database={service}"));
        };
    }

    private static (IResourceBuilder<IResourceWithConnectionString> Broker, ReferenceExpression Management) ExistingRabbitMQ(
        IDistributedApplicationBuilder builder, Uri address, Uri? management)
    {
        var server = builder.AddParameter("rabbitmq-server", () => address.AbsoluteUri, secret: true);
        var api = (management ?? new UriBuilder("http", address.Host, 15672).Uri).AbsoluteUri;
        return (builder.AddConnectionString("rabbitmq", ReferenceExpression.Create($"{server}")), ReferenceExpression.Create($"{api}"));
    }

    /// <summary>A client alone is not enough: its engine must run.</summary>
    private static bool ContainerEngineAnswers() => ((string[])["docker", "podman"]).Any(engine =>
    {
        try
        {
            using var version = Process.Start(new ProcessStartInfo(engine, ["version", "--format", "{{.Server.Version}}"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            return version.WaitForExit(TimeSpan.FromSeconds(5)) && version.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Not installed.
            return false;
        }
    });
}
