using Aspire.Hosting.Running;
using Aspire.Hosting.Servers;

namespace Aspire.Hosting.ApplicationModel;

public class RabbitMQServerResource(string name, ParameterResource? userName, ParameterResource password)
    : ContainerResource(name), IResourceWithConnectionString, ILaunched, IRemembersPorts
{
    internal const string PrimaryEndpointName = "tcp";
    internal const string ManagementEndpointName = "management";
    internal const string PrometheusEndpointName = "prometheus";
    internal const string DataTarget = "/var/lib/rabbitmq";

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public EndpointReference ManagementEndpoint => new(this, ManagementEndpointName);

    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    public ParameterResource? UserNameParameter { get; } = userName;

    public ParameterResource PasswordParameter { get; } = password;

    public ReferenceExpression UserNameReference =>
        UserNameParameter is { } parameter ? ReferenceExpression.Create($"{parameter}") : ReferenceExpression.Create($"app");

    public ReferenceExpression ConnectionStringExpression => UriExpression;

    public ReferenceExpression UriExpression =>
        ReferenceExpression.Create($"amqp://{UserNameReference}:{PasswordParameter:uri}@{Host}:{Port}");

    /// <summary>The existing broker that is used instead of a private one.</summary>
    internal Uri? External { get; set; }

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        External is { } external ? new(external.OriginalString) : ConnectionStringExpression.GetValueAsync(cancellationToken);

    Launcher ILaunched.CreateLauncher(HostSettings settings) =>
        External is null ? new RabbitMQLauncher(this, settings) : new ExternalRabbitMQ(this);
}
