using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>
/// What the stand-in needs to know and the original has no member for, from configuration: arguments, environment (<c>Host__Data</c>) or
/// appsettings. The AppHost's program stays the original's API only.
/// </summary>
internal sealed class HostSettings
{
    /// <summary>Short names of the keys on the command line.</summary>
    public static readonly Dictionary<string, string> ShortNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["--data"] = "Host:Data",
        ["--console"] = "Host:Console",
        ["--postgres"] = "Host:Postgres",
        ["--rabbitmq"] = "Host:RabbitMQ",
        ["--rabbitmq-management"] = "Host:RabbitMQManagement",
        ["--replicas"] = "Host:Replicas",
        ["--dashboard"] = "Host:Dashboard",
    };

    public HostSettings(IConfiguration configuration, DistributedApplicationOptions options)
    {
        DataFolder = Path.GetFullPath(configuration["Host:Data"] ?? ".data");
        Console = configuration.GetValue("Host:Console", ConsoleMode.Warnings);
        Postgres = Optional(configuration["Host:Postgres"]);
        RabbitMQ = Optional(configuration["Host:RabbitMQ"]);
        RabbitMQManagement = Optional(configuration["Host:RabbitMQManagement"]) is { } management ? new Uri(management) : null;
        Replicas = ParseReplicas(configuration["Host:Replicas"]);
        Throwaway = configuration.GetValue("Host:Throwaway", false);
        RandomizePorts = configuration.GetValue("DcpPublisher:RandomizePorts", false);
        Dashboard = options.DisableDashboard || configuration["Host:Dashboard"] == "off"
            ? null
            : configuration.GetValue("Host:Dashboard", 18888);
        Secrets = new SecretStore(Path.Combine(DataFolder, "secrets.json"));
    }

    /// <summary>Databases, broker, logs and generated secrets of this system; kept between runs. <c>Host:Data</c>, default <c>.data</c>.</summary>
    public string DataFolder { get; }

    /// <summary><c>Host:Console</c>: what is printed of the resources' output. Everything is in <c>logs/</c> in any case.</summary>
    public ConsoleMode Console { get; }

    /// <summary><c>Host:Postgres</c>: an existing server to use, <c>postgres://user:password@host:port</c>.</summary>
    public string? Postgres { get; }

    /// <summary><c>Host:RabbitMQ</c>: an existing broker to use, <c>amqp://user:password@host:port/vhost</c>.</summary>
    public string? RabbitMQ { get; }

    /// <summary><c>Host:RabbitMQManagement</c>: the management API of that broker, when it is not on port 15672 of the same machine.</summary>
    public Uri? RabbitMQManagement { get; }

    /// <summary><c>Host:Replicas</c>, such as <c>intake=2,billing=2</c>: instead of what the model says.</summary>
    public IReadOnlyDictionary<string, int> Replicas { get; }

    /// <summary><c>Host:Throwaway</c>: the data folder is not worth surviving a power cut (tests), so nothing is forced to disk.</summary>
    public bool Throwaway { get; }

    /// <summary>The original's own key: fixed ports in the model are ignored, so that two hosts run side by side.</summary>
    public bool RandomizePorts { get; }

    /// <summary><c>Host:Dashboard</c>: first port to try for the resource page (0: any), or <c>off</c>.</summary>
    public int? Dashboard { get; }

    public SecretStore Secrets { get; }

    public string LogFolder => Path.Combine(DataFolder, "logs");

    /// <summary>
    /// The command line provider takes the word after a bare <c>--flag</c> for its value, whatever it is; a flag that is followed by another
    /// one, or by nothing, means true.
    /// </summary>
    public static string[] Expand(string[] args) =>
        [.. args.Select((arg, i) =>
            arg.StartsWith("--", StringComparison.Ordinal)
            && !arg.Contains('=', StringComparison.Ordinal)
            && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal))
                ? arg + "=true"
                : arg)];

    public static HostSettings Of(IDistributedApplicationBuilder builder) => builder switch
    {
        DistributedApplicationBuilder own => own.Settings,
        Testing.TestingBuilder testing => testing.Inner.Settings,
        _ => throw new DistributedApplicationException("The builder is not one of DistributedApplication.CreateBuilder."),
    };

    private static string? Optional(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;

    private static Dictionary<string, int> ParseReplicas(string? text)
    {
        var replicas = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=');
            replicas[pair[0]] = pair.Length == 2 && int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
                ? count
                : throw new DistributedApplicationException($"--replicas takes name=count pairs such as intake=2,billing=2; '{part}' is none.");
        }

        return replicas;
    }
}

internal enum ConsoleMode
{
    /// <summary>Only what the host itself has to say: what failed, and where to read more.</summary>
    Quiet,

    /// <summary>Warnings and errors of the resources too.</summary>
    Warnings,

    /// <summary>Every line.</summary>
    All,
}
