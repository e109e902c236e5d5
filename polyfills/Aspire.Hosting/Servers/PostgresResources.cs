using Aspire.Hosting.Running;
using Aspire.Hosting.Servers;
using Npgsql;

namespace Aspire.Hosting.ApplicationModel;

public class PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
    : ContainerResource(name), IResourceWithConnectionString, ILaunched, IRemembersPorts
{
    internal const string PrimaryEndpointName = "tcp";
    internal const string DataTarget = "/var/lib/postgresql/data";

    private readonly Dictionary<string, string> databases = new(StringComparer.OrdinalIgnoreCase);

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    public ParameterResource? UserNameParameter { get; set; } = userName;

    public ParameterResource PasswordParameter { get; set; } = password;

    public ReferenceExpression UserNameReference =>
        UserNameParameter is { } parameter ? ReferenceExpression.Create($"{parameter}") : ReferenceExpression.Create($"postgres");

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Host={Host};Port={Port};Username={UserNameReference};Password={PasswordParameter}");

    public ReferenceExpression UriExpression =>
        ReferenceExpression.Create($"postgresql://{UserNameReference}:{PasswordParameter:uri}@{Host}:{Port}");

    public IReadOnlyDictionary<string, string> Databases => databases;

    /// <summary>The existing server that is used instead of a private one.</summary>
    internal NpgsqlConnectionStringBuilder? External { get; set; }

    /// <summary>CREATE DATABASE copies a template that it must have to itself: one at a time.</summary>
    internal SemaphoreSlim Creating { get; } = new(1);

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        External is { } external ? new(external.ConnectionString) : ConnectionStringExpression.GetValueAsync(cancellationToken);

    Launcher ILaunched.CreateLauncher(HostSettings settings) =>
        External is null ? new PostgresLauncher(this, settings) : new ExternalPostgres(this);

    internal void AddDatabase(string name, string databaseName)
    {
        if (!databases.TryAdd(name, databaseName))
        {
            throw new DistributedApplicationException($"The server '{Name}' already has a database '{name}'.");
        }
    }
}

public class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
    : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString, ILaunched
{
    public PostgresServerResource Parent { get; } = postgresParentResource;

    public string DatabaseName { get; } = databaseName;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent};Database={DatabaseName}");

    public ReferenceExpression UriExpression => ReferenceExpression.Create($"{Parent.UriExpression}/{Uri.EscapeDataString(DatabaseName)}");

    Launcher ILaunched.CreateLauncher(HostSettings settings) => new PostgresDatabaseLauncher(this);
}
