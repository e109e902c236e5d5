using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using RabbitMQ.Client;

namespace SecondOpinion.Servers;

/// <summary>
/// A private RabbitMQ node. Erlang's name server (epmd), which a node would start as a daemon that outlives everything, runs beside it in the same script, on a
/// port of its own.
/// </summary>
public sealed class RabbitMQServer : LocalServer
{
    public const string User = "app";
    private readonly RabbitMQBinaries _binaries = RabbitMQBinaries.Find();
    private readonly string _name;
    private readonly string _password;
    private readonly bool _throwaway;
    private readonly int _names;
    private readonly int _distribution;

    /// <param name="dataFolder">The broker gets a folder of that name in it.</param>
    /// <param name="throwaway">The data are not worth a good-bye (tests): a stop is a kill, which takes five seconds less.</param>
    /// <exception cref="CannotStartException">RabbitMQ is not installed.</exception>
    public RabbitMQServer(string dataFolder, string name, Ports ports, string password, bool throwaway = false)
        : base(ServerFolder.Open(dataFolder, name, "rabbitmq"))
    {
        (_name, _password, _throwaway) = (name, password, throwaway);
        Port = ports.Take(name);
        ManagementPort = ports.Take(name + "-management");
        _names = ports.Take(name + "-names");
        _distribution = ports.Take(name + "-distribution");
    }

    public int Port { get; }

    public int ManagementPort { get; }

    public override string Version => $"RabbitMQ {_binaries.Version}";

    public Uri Address => new($"amqp://{User}:{_password}@localhost:{Port}");

    public Uri Management => new($"http://localhost:{ManagementPort}");

    private protected override IReadOnlyList<string> Script =>
    [
        "-c",
        Guard + $$"""
        setpriv --pdeathsig KILL "$2" -port $ERL_EPMD_PORT -address 127.0.0.1 & names=$!
        setpriv --pdeathsig TERM "$1" & server=$!
        trap 'kill -{{(_throwaway ? "KILL" : "TERM")}} $server' TERM INT
        while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
        kill $names
        exit $code
        """,
        "rabbitmq", _binaries.Server, _binaries.Epmd,
    ];

    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["HOME"] = Folder.Path,
        ["RABBITMQ_NODENAME"] = $"{_name}@localhost",
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(Folder.Path, "mnesia"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(Folder.Path, "log"),
        ["RABBITMQ_GENERATED_CONFIG_DIR"] = Path.Combine(Folder.Path, "generated"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(Folder.Path, "rabbitmq"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(Folder.Path, "advanced"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(Folder.Path, "enabled_plugins"),
        ["RABBITMQ_PID_FILE"] = Path.Combine(Folder.Path, "pid"),

        // The machine's own settings (/etc/rabbitmq/rabbitmq-env.conf) are another broker's.
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_DIST_PORT"] = _distribution.ToString(CultureInfo.InvariantCulture),
        ["ERL_EPMD_PORT"] = _names.ToString(CultureInfo.InvariantCulture),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_FLAGS"] = "-start_epmd false",
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +A 16",
        ["ERL_CRASH_DUMP"] = "/dev/null",

        // Makes the script become the broker instead of waiting beside it.
        ["detached"] = "1",
    };

    public override Task Prepare(CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])["mnesia", "log", "generated"])
        {
            Folder.Subfolder(folder);
        }

        Folder.Write("enabled_plugins", "[rabbitmq_management].");
        Folder.Write("rabbitmq.conf", Configuration);
        if (!File.Exists(Path.Combine(Folder.Path, ".erlang.cookie")))
        {
            Folder.Write(".erlang.cookie", RandomNumberGenerator.GetHexString(32));
        }

        return Task.CompletedTask;
    }

    public override async Task Check(CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = Address, RequestedConnectionTimeout = TimeSpan.FromSeconds(3), AutomaticRecoveryEnabled = false };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
    }

    private string Configuration => $"""
        listeners.tcp.1 = 127.0.0.1:{Port}
        {(Socket.OSSupportsIPv6 ? $"listeners.tcp.2 = ::1:{Port}" : "")}
        default_user = {User}
        default_pass = {_password}
        default_permissions.configure = .*
        default_permissions.read = .*
        default_permissions.write = .*
        default_user_tags.administrator = true

        # A dead peer is noticed after 8 s instead of a minute.
        net_ticktime = 8
        disk_free_limit.absolute = 500MB
        log.console = true
        log.console.level = info

        # Every health check is a connection.
        log.connection.level = warning
        log.file = false
        management.tcp.ip = 127.0.0.1
        management.tcp.port = {ManagementPort}

        """;
}

/// <summary>Where RabbitMQ and Erlang are installed.</summary>
internal sealed record RabbitMQBinaries(string Server, string Epmd, string Version)
{
    public static RabbitMQBinaries Find()
    {
        // Not /usr/sbin/rabbitmq-server: Debian's wrapper insists on the system's own instance and account.
        string[] parents = ["/usr/lib/rabbitmq", "/opt/rabbitmq", "/usr/local/lib/rabbitmq"];
        string[] scripts = ["bin/rabbitmq-server", "sbin/rabbitmq-server"];
        var server = parents.SelectMany(parent => scripts.Select(script => Path.Combine(parent, script))).FirstOrDefault(File.Exists)
            ?? throw new CannotStartException(
            "RabbitMQ is not installed: apt-get install rabbitmq-server, or use an existing broker with --rabbitmq amqp://user:password@host:port.");
        var epmd = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(folder => Path.Combine(folder, "epmd"))
            .Concat(Directory.Exists("/usr/lib/erlang") ? Directory.EnumerateFiles("/usr/lib/erlang", "epmd", SearchOption.AllDirectories) : [])
            .FirstOrDefault(File.Exists) ?? throw new CannotStartException("Erlang's epmd is not installed: apt-get install erlang-base.");
        var libraries = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(server))!, "lib");
        var versions = Directory.Exists(libraries)
            ? Directory.EnumerateDirectories(libraries, "rabbitmq_server-*").Select(folder => Path.GetFileName(folder)["rabbitmq_server-".Length..])
            : [];
        return new RabbitMQBinaries(server, epmd, versions.LastOrDefault() ?? "?");
    }
}
