using System.Globalization;
using Microsoft.Extensions.Configuration;
using Npgsql;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost;

/// <summary>What ./run was asked for; see ./run --help.</summary>
/// <param name="DataFolder">Absolute; everything that is kept between runs.</param>
/// <param name="Once">Stop when the story has ended.</param>
/// <param name="Demo">Play the sample case.</param>
/// <param name="Port">The gateway's port; null for the first free one from 8080.</param>
/// <param name="Dashboard">First port to try for the dashboard, 0 for any; null for none.</param>
/// <param name="Replicas">Processes of a service, by its name, where it is not one.</param>
/// <param name="Postgres">An existing server to use.</param>
/// <param name="RabbitMQ">An existing broker to use.</param>
/// <param name="RabbitMQManagement">Its management API, when that is not on port 15672 of the same machine.</param>
/// <param name="Containers">Whether the two run as containers; null: when an engine answers.</param>
/// <param name="Throwaway">The data are not worth surviving a power cut (tests).</param>
internal sealed record RunOptions(
    string DataFolder, bool Once, bool Demo, int? Port, int? Dashboard, IReadOnlyDictionary<string, int> Replicas,
    NpgsqlConnectionStringBuilder? Postgres, Uri? RabbitMQ, Uri? RabbitMQManagement, bool? Containers, bool Throwaway)
{
    public const string DefaultDataFolder = ".data";

    public string LogFolder => Path.Combine(DataFolder, "logs");

    /// <exception cref="CannotStartException">An option has no sense; the message says which.</exception>
    public static RunOptions Read(string[] args)
    {
        var given = new ConfigurationBuilder().AddCommandLine(Expand(args)).Build();
        return new RunOptions(
            Path.GetFullPath(given["data"] ?? DefaultDataFolder),
            given.GetValue("once", false),
            !given.GetValue("no-demo", false),
            given.GetValue<int?>("port"),
            given["dashboard"] == "off" ? null : given.GetValue("dashboard", 18888),
            ReadReplicas(given["replicas"]),
            given["postgres"] is { } postgres ? ReadPostgres(postgres) : null,
            given["rabbitmq"] is { } rabbitmq ? ReadRabbitMQ(rabbitmq) : null,
            given["rabbitmq-management"] is { } management ? new Uri(management) : null,
            given.GetValue<bool?>("containers"),
            given.GetValue("throwaway", false));
    }

    /// <summary>Two systems over one folder would fight for its databases.</summary>
    public FileStream LockDataFolder()
    {
        Directory.CreateDirectory(DataFolder);
        try
        {
            return new FileStream(Path.Combine(DataFolder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new CannotStartException($"Another system runs with the data in {DataFolder}: stop it, or give another folder with --data.");
        }
    }

    /// <exception cref="CannotStartException">The port that was asked for is taken.</exception>
    public int GatewayPort(Ports ports) => Port switch
    {
        null => ports.From(8080),
        { } wanted when ports.TryHold(wanted) => wanted,
        { } taken =>
            throw new CannotStartException(
                $"Port {taken} is taken by {PortUser.Describe(taken)}: give another one with --port, or none for the first free one from 8080."),
    };

    /// <summary>
    /// The command line provider takes the word after a bare <c>--flag</c> for its value, whatever it is; a flag that is followed by another
    /// one, or by nothing, means true.
    /// </summary>
    private static string[] Expand(string[] args) =>
        [.. args.Select((arg, i) =>
            arg.StartsWith("--", StringComparison.Ordinal)
            && !arg.Contains('=', StringComparison.Ordinal)
            && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal))
                ? arg + "=true"
                : arg)];

    private static Dictionary<string, int> ReadReplicas(string? text)
    {
        var replicas = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=');
            replicas[pair[0]] = pair.Length == 2 && int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
                ? count
                : throw new CannotStartException($"--replicas takes name=count pairs such as intake=2,billing=2; '{part}' is none.");
        }

        return replicas;
    }

    /// <param name="text"><c>postgres://user:password@host:port</c>, or a connection string as Npgsql takes it.</param>
    internal static NpgsqlConnectionStringBuilder ReadPostgres(string text)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            return new NpgsqlConnectionStringBuilder(text);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql"))
        {
            throw new CannotStartException("--postgres takes postgres://user:password@host:port.");
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

    private static Uri ReadRabbitMQ(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps"
        ? new Uri(text)
        : throw new CannotStartException("--rabbitmq takes amqp://user:password@host:port.");
}
