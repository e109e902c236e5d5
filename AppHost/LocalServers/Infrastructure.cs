using System.Diagnostics;
using Npgsql;
using SecondOpinion.Contracts;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.LocalServers;

/// <summary>The database of a service: what to wait for, and the connection strings of its two roles.</summary>
/// <param name="Service">As it works.</param>
/// <param name="Owner">As it migrates.</param>
internal sealed record ServiceDatabase(IResourceBuilder<IResource> Resource, ReferenceExpression Service, ReferenceExpression Owner);

/// <summary>The broker as a service sees it.</summary>
/// <param name="Service">Its address for this service's user.</param>
internal sealed record ServiceBroker(IResourceBuilder<IResource> Resource, ReferenceExpression Service);

/// <summary>
/// PostgreSQL and RabbitMQ of the system: existing ones where their address is given, containers where an engine answers or the model is published, processes
/// of this machine anywhere else. The services see no difference: each has roles and a user of its own (docs/decisions/0073), made before it starts.
/// </summary>
internal sealed class Infrastructure
{
    private readonly Func<string, ServiceDatabase> _database;
    private readonly Func<string, ServiceBroker> _broker;

    private Infrastructure(Func<string, ServiceDatabase> database, Func<string, ServiceBroker> broker, ReferenceExpression management) =>
        (_database, _broker, Management) = (database, broker, management);

    /// <summary>The address of the broker's management API.</summary>
    public ReferenceExpression Management { get; }

    public ServiceDatabase Database(string service) => _database(service);

    public ServiceBroker Broker(string service) => _broker(service);

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

    private static Func<string, ServiceDatabase> PrivatePostgres(IDistributedApplicationBuilder builder, RunOptions options, Ports ports)
    {
        var password = builder.AddParameter(LocalKeys.PostgresPassword, secret: true);
        var server = builder.AddLocalPostgres(
            "postgres",
            new PostgresServer(options.DataFolder, "postgres", ports, LocalKeys.Of(builder.Configuration, LocalKeys.PostgresPassword), options.Throwaway),
            password);
        return service => Of(
            builder, service, server.AddDatabase($"{service}-database", service, Roles(builder, service)),
            At(server.Resource.Endpoint));
    }

    private static Func<string, ServiceDatabase> PostgresContainer(IDistributedApplicationBuilder builder)
    {
        var server = builder.AddPostgres("postgres", password: builder.AddParameter(LocalKeys.PostgresPassword, secret: true)).WithDataVolume();
        var roles = new List<DatabaseRoles>();
        server.OnResourceReady(async (resource, _, cancel) =>
        {
            var administrator = (await resource.ConnectionStringExpression.GetValueAsync(cancel))!;
            await LocalPostgres.Make(administrator, roles, cancel);
        });
        return service =>
        {
            roles.Add(Roles(builder, service));
            return Of(builder, service, server.AddDatabase($"{service}-database", service), At(server.Resource.PrimaryEndpoint));
        };
    }

    /// <summary>Nothing to start; databases and roles are made before the services start.</summary>
    private static Func<string, ServiceDatabase> ExistingPostgres(IDistributedApplicationBuilder builder, NpgsqlConnectionStringBuilder address)
    {
        var roles = new List<DatabaseRoles>();
        builder.Eventing.Subscribe<BeforeStartEvent>((_, cancel) => LocalPostgres.Make(address.ConnectionString, roles, cancel));
        var place = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Username = null, Password = null, Database = null }.ConnectionString;
        return service =>
        {
            roles.Add(Roles(builder, service));
            var (worker, owner) = Logins(builder, service, ReferenceExpression.Create($"{place};Database={service}"));
            return new ServiceDatabase(builder.AddConnectionString($"{service}-database", worker), worker, owner);
        };
    }

    private static (Func<string, ServiceBroker> Broker, ReferenceExpression Management) PrivateRabbitMQ(
        IDistributedApplicationBuilder builder, RunOptions options, Ports ports)
    {
        var password = builder.AddParameter(LocalKeys.RabbitMQPassword, secret: true);
        var server = new RabbitMQServer(
            options.DataFolder, "rabbitmq", ports, LocalKeys.Of(builder.Configuration, LocalKeys.RabbitMQPassword), options.Throwaway);
        var broker = builder.AddLocalRabbitMQ("rabbitmq", server, password);
        var users = new List<BrokerUser>();
        broker.OnResourceReady((_, _, cancel) => Make(users, server.Management, server.Address.UserInfo, "/", cancel));
        return (
            service => Of(builder, users, service, broker, Address(broker.GetEndpoint("tcp"))),
            ReferenceExpression.Create($"{broker.GetEndpoint("management")}"));
    }

    private static (Func<string, ServiceBroker> Broker, ReferenceExpression Management) RabbitMQContainer(IDistributedApplicationBuilder builder)
    {
        var broker = builder.AddRabbitMQ("rabbitmq", password: builder.AddParameter(LocalKeys.RabbitMQPassword, secret: true))
            .WithManagementPlugin().WithDataVolume();
        var management = broker.GetEndpoint("management");
        var users = new List<BrokerUser>();
        broker.OnResourceReady(async (resource, _, cancel) =>
        {
            var administrator = await ReferenceExpression.Create($"{resource.UserNameReference}:{resource.PasswordParameter}").GetValueAsync(cancel);
            await Make(users, new Uri(management.Url), administrator!, "/", cancel);
        });
        return (
            service => Of(builder, users, service, broker, Address(broker.Resource.PrimaryEndpoint)),
            ReferenceExpression.Create($"{management}"));
    }

    private static (Func<string, ServiceBroker> Broker, ReferenceExpression Management) ExistingRabbitMQ(
        IDistributedApplicationBuilder builder, Uri address, Uri? management)
    {
        var api = management ?? new UriBuilder("http", address.Host, 15672).Uri;
        var virtualHost = address.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(address.AbsolutePath[1..]) : "/";
        var users = new List<BrokerUser>();
        builder.Eventing.Subscribe<BeforeStartEvent>((_, cancel) => Make(users, api, Uri.UnescapeDataString(address.UserInfo), virtualHost, cancel));
        var server = builder.AddConnectionString("rabbitmq", ReferenceExpression.Create($"{address.Scheme}://{address.Authority}"));
        var port = address.IsDefaultPort || address.Port < 0 ? "" : $":{address.Port}";
        var place = $"{address.Host}{port}{address.AbsolutePath}";
        return (
            service => Of(builder, users, service, server, (user, password) => ReferenceExpression.Create($"{address.Scheme}://{user}:{password}@{place}")),
            ReferenceExpression.Create($"{api.AbsoluteUri}"));
    }

    private static ServiceDatabase Of(
        IDistributedApplicationBuilder builder, string service, IResourceBuilder<IResource> database, ReferenceExpression place)
    {
        var (worker, owner) = Logins(builder, service, ReferenceExpression.Create($"{place};Database={service}"));
        return new ServiceDatabase(database, worker, owner);
    }

    private static (ReferenceExpression Service, ReferenceExpression Owner) Logins(
        IDistributedApplicationBuilder builder, string service, ReferenceExpression place)
    {
        var (worker, owner) = (builder.AddParameter(LocalKeys.Database(service), secret: true), builder.AddParameter(LocalKeys.Owner(service), secret: true));
        return (
            ReferenceExpression.Create($"{place};Username={service};Password={worker}"),
            ReferenceExpression.Create($"{place};Username={DatabaseRoles.OwnerOf(service)};Password={owner}"));
    }

    private static ReferenceExpression At(EndpointReference server) =>
        ReferenceExpression.Create($"Host={server.Property(EndpointProperty.Host)};Port={server.Property(EndpointProperty.Port)}");

    private static DatabaseRoles Roles(IDistributedApplicationBuilder builder, string service) => new(
        service, LocalKeys.Of(builder.Configuration, LocalKeys.Owner(service)), LocalKeys.Of(builder.Configuration, LocalKeys.Database(service)));

    private static ServiceBroker Of(
        IDistributedApplicationBuilder builder, List<BrokerUser> users, string service, IResourceBuilder<IResource> broker,
        Func<string, IResourceBuilder<ParameterResource>, ReferenceExpression> address)
    {
        var rights = BrokerRights.Of(service);
        users.Add(new BrokerUser(service, LocalKeys.Of(builder.Configuration, LocalKeys.Broker(service)), rights.Configure, rights.Write, rights.Read));
        return new ServiceBroker(broker, address(service, builder.AddParameter(LocalKeys.Broker(service), secret: true)));
    }

    private static Func<string, IResourceBuilder<ParameterResource>, ReferenceExpression> Address(EndpointReference server) => (user, password) =>
        ReferenceExpression.Create(
            $"amqp://{user}:{password}@{server.Property(EndpointProperty.Host)}:{server.Property(EndpointProperty.Port)}");

    private static async Task Make(IEnumerable<BrokerUser> users, Uri management, string administrator, string virtualHost, CancellationToken cancel)
    {
        foreach (var user in users)
        {
            await user.Make(management, administrator, virtualHost, cancel);
        }
    }

    /// <summary>
    /// A client alone is not enough: Docker's engine must run. Podman has no engine that could be asked and always says yes, also where no image can be had:
    /// it is taken when <c>--containers</c> says so.
    /// </summary>
    private static bool ContainerEngineAnswers()
    {
        try
        {
            using var version = Process.Start(new ProcessStartInfo("docker", ["version", "--format", "{{.Server.Version}}"])
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
    }
}
