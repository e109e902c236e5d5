using System.Globalization;
using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Aspire.Hosting.Running.Processes;

namespace Aspire.Hosting.Servers;

/// <summary>
/// A private RabbitMQ node: own folder, own ports, reachable from this machine only. Erlang's name server (epmd), which a node would start as a
/// daemon that outlives everything, is a companion process on a port of its own.
/// </summary>
internal sealed class RabbitMQLauncher(RabbitMQServerResource server, HostSettings settings) : Launcher
{
    private int epmdPort;
    private int distributionPort;

    public override void AllocatePorts(PortAllocation ports)
    {
        epmdPort = ports.Any();
        distributionPort = ports.Any();
    }

    public override async Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var binaries = RabbitMQBinaries.Find();
        Version = $"RabbitMQ {binaries.Version}";
        context.Log($"{Version} from {Path.GetDirectoryName(binaries.Server)}");
        var user = await server.UserNameReference.GetValueAsync(cancellationToken) ?? "app";
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken) ?? "";
        var mount = server.Annotations.OfType<ContainerMountAnnotation>().LastOrDefault(static mount => mount.Type == ContainerMountType.BindMount);
        var folder = mount?.Source is { } source
            ? ServerFolder.Prepare(Path.GetDirectoryName(source)!, Path.GetFileName(source), "rabbitmq")
            : ServerFolder.Prepare(settings.DataFolder, server.Name, "rabbitmq");
        var plugins = server.ManagementEndpoint.Exists ? "[rabbitmq_management,rabbitmq_prometheus]." : "[].";
        folder.Write("enabled_plugins", plugins);
        folder.Write("rabbitmq.conf", Configuration(user, password));
        if (!File.Exists(Path.Combine(folder.Path, ".erlang.cookie")))
        {
            folder.Write(".erlang.cookie", RandomNumberGenerator.GetHexString(32));
        }

        var epmd = epmdPort.ToString(CultureInfo.InvariantCulture);
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = folder.Path,
            ["RABBITMQ_NODENAME"] = $"{server.Name}@localhost",
            ["RABBITMQ_MNESIA_BASE"] = folder.Folder("mnesia"),
            ["RABBITMQ_LOG_BASE"] = folder.Folder("log"),
            ["RABBITMQ_GENERATED_CONFIG_DIR"] = folder.Folder("generated"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder.Path, "rabbitmq"),
            ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(folder.Path, "advanced"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder.Path, "enabled_plugins"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder.Path, "pid"),

            // The machine's own settings (/etc/rabbitmq/rabbitmq-env.conf) are another broker's.
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_DIST_PORT"] = distributionPort.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_PORT"] = epmd,
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_FLAGS"] = "-start_epmd false",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +A 16",
            ["ERL_CRASH_DUMP"] = "/dev/null",

            // Makes the script become the broker instead of waiting beside it.
            ["detached"] = "1",
            ["NOTIFY_SOCKET"] = null,
        };
        var broker = new ProcessSpec(binaries.Server, [], folder.Path)
        {
            Environment = environment,
            Account = folder.Account,

            // Saying good-bye takes it five seconds, which data that are thrown away are not worth.
            StopSignal = settings.Throwaway ? Signal.Kill : Signal.Term,
        };
        var names = new ProcessSpec(binaries.Epmd, ["-port", epmd, "-address", "127.0.0.1"], folder.Path)
        {
            Environment = new Dictionary<string, string?> { ["HOME"] = folder.Path },
            Account = folder.Account,
        };
        return new LaunchPlan(broker, [names]);
    }

    public override IEnumerable<HealthProbe> Probes(LaunchContext context) =>
        [new("AMQP login", async cancellationToken =>
            await AmqpProbe.FailureAsync(new Uri(await server.GetConnectionStringAsync(cancellationToken) ?? ""), cancellationToken))];

    private string Configuration(string user, string password)
    {
        List<string> lines =
        [
            .. Listeners("listeners.tcp", server.PrimaryEndpoint.Port),
            $"default_user = {user}",
            $"default_pass = {password}",
            "default_permissions.configure = .*",
            "default_permissions.read = .*",
            "default_permissions.write = .*",
            "default_user_tags.administrator = true",

            // A dead peer is noticed after 8 s instead of a minute.
            "net_ticktime = 8",
            "disk_free_limit.absolute = 500MB",
            "log.console = true",
            "log.console.level = info",

            // Every health check is a connection.
            "log.connection.level = warning",
            "log.file = false",
        ];
        if (server.ManagementEndpoint.Exists)
        {
            lines.AddRange(
            [
                "management.tcp.ip = 127.0.0.1",
                string.Create(CultureInfo.InvariantCulture, $"management.tcp.port = {server.ManagementEndpoint.Port}"),
                "prometheus.tcp.ip = 127.0.0.1",
                string.Create(CultureInfo.InvariantCulture, $"prometheus.tcp.port = {new EndpointReference(server, RabbitMQServerResource.PrometheusEndpointName).Port}"),
            ]);
        }

        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> Listeners(string key, int port)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{key}.1 = 127.0.0.1:{port}");
        if (System.Net.Sockets.Socket.OSSupportsIPv6)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{key}.2 = ::1:{port}");
        }
    }
}

/// <summary>Where RabbitMQ and Erlang are installed.</summary>
internal sealed record RabbitMQBinaries(string Server, string Epmd, string Version)
{
    public static RabbitMQBinaries Find()
    {
        // Not /usr/sbin/rabbitmq-server: Debian's wrapper insists on the system's own instance and account.
        string[] parents = ["/usr/lib/rabbitmq", "/opt/rabbitmq", "/usr/local/lib/rabbitmq"];
        var home = parents.FirstOrDefault(static parent => File.Exists(Path.Combine(parent, "bin/rabbitmq-server"))
            || File.Exists(Path.Combine(parent, "sbin/rabbitmq-server"))) ?? throw new CannotStartException(
            "RabbitMQ is not installed: apt-get install rabbitmq-server, or use an existing broker with --rabbitmq amqp://user:password@host:port");
        var script = File.Exists(Path.Combine(home, "bin/rabbitmq-server")) ? "bin/rabbitmq-server" : "sbin/rabbitmq-server";
        var epmd = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(static folder => Path.Combine(folder, "epmd"))
            .Concat(Directory.Exists("/usr/lib/erlang") ? Directory.EnumerateFiles("/usr/lib/erlang", "epmd", SearchOption.AllDirectories) : [])
            .FirstOrDefault(File.Exists) ?? throw new CannotStartException("Erlang's epmd is not installed: apt-get install erlang-base");
        var versions = Directory.Exists(Path.Combine(home, "lib"))
            ? Directory.EnumerateDirectories(Path.Combine(home, "lib"), "rabbitmq_server-*").Select(static folder => Path.GetFileName(folder)["rabbitmq_server-".Length..])
            : [];
        return new RabbitMQBinaries(Path.Combine(home, script), epmd, versions.LastOrDefault() ?? "?");
    }
}
