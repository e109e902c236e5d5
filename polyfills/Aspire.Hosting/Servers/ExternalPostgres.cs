using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Npgsql;

namespace Aspire.Hosting.Servers;

/// <summary>A server that others run: nothing to start, only to be watched.</summary>
internal sealed class ExternalPostgres(PostgresServerResource server) : Launcher
{
    /// <param name="url"><c>postgres://user:password@host:port</c>, or a connection string as Npgsql takes it.</param>
    public static NpgsqlConnectionStringBuilder Parse(string url)
    {
        if (!url.Contains("://", StringComparison.Ordinal))
        {
            return new NpgsqlConnectionStringBuilder(url);
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql"))
        {
            throw new DistributedApplicationException($"--postgres takes postgres://user:password@host:port, and '{new Uri(url).Scheme}://…' is not that.");
        }

        var user = uri.UserInfo.Split(':', 2);
        return new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : "postgres",
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
    }

    public override Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        context.Log($"existing server {server.External!.Host}:{server.External.Port}");
        return Task.FromResult<LaunchPlan?>(null);
    }

    public override IEnumerable<HealthProbe> Probes(LaunchContext context) =>
        [new("select 1", cancellationToken => PostgresProbe.FailureAsync(server.External!.ConnectionString, cancellationToken))];
}
