using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SecondOpinion.Servers;

/// <summary>A private PostgreSQL.</summary>
public sealed class PostgresServer : LocalServer
{
    public const string User = "postgres";
    private readonly PostgresBinaries _binaries;
    private readonly string _data;
    private readonly string _password;
    private readonly bool _throwaway;
    private readonly BackupPlace? _backups;

    /// <param name="dataFolder">The server gets a folder of that name in it.</param>
    /// <param name="throwaway">The data are not worth surviving a power cut (tests): nothing is forced to disk.</param>
    /// <param name="backups">Where its WAL is archived; null: nowhere.</param>
    /// <exception cref="CannotStartException">PostgreSQL is not installed, or not in the version that made the folder.</exception>
    public PostgresServer(string dataFolder, string name, Ports ports, string password, bool throwaway = false, BackupPlace? backups = null)
        : base(ServerFolder.Open(dataFolder, name, "postgres"))
    {
        _data = Path.Combine(Folder.Path, "data");
        _password = password;
        _throwaway = throwaway;
        _backups = backups;
        _binaries = PostgresBinaries.Find(File.Exists(Made) ? File.ReadAllText(Made).Trim() : null);
        Port = ports.Take(name);
    }

    public int Port { get; }

    public override string Version => $"PostgreSQL {_binaries.Version}";

    internal string Password => _password;

    /// <summary>To the server's own database; the user may make others.</summary>
    public string ConnectionString => $"Host=localhost;Port={Port};Username={User};Password={_password}";

    /// <summary>While it runs.</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(_data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>Of PostgreSQL's programs, such as <c>pg_basebackup</c>.</summary>
    internal string Program(string name) => Path.Combine(_binaries.Folder, name);

    /// <summary>Its files become a base backup's, and its next start replays the archive up to <paramref name="target"/> before it takes a write.</summary>
    public async Task Restore(BackupPlace from, string baseBackup, RecoveryTarget target, CancellationToken cancel)
    {
        await Folder.Run("cp", ["-a", baseBackup, _data], cancel);
        Folder.Write("data/recovery.signal", "");
        await Folder.Run("tee", ["-a", Path.Combine(_data, "postgresql.auto.conf")], cancel, from.RecoverySettings(target));
    }

    /// <summary>
    /// TERM would wait until every client has left by itself; INT ends their sessions and stops cleanly. Should this script be killed, the server hears INT as
    /// well.
    /// </summary>
    private protected override IReadOnlyList<string> Script =>
    [
        "-c",
        Guard + $$"""
        setpriv --pdeathsig INT "$@" & server=$!
        trap 'kill -{{(_throwaway ? "QUIT" : "INT")}} $server' TERM INT
        while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
        exit $code
        """,
        "postgres", Path.Combine(_binaries.Folder, "postgres"), "-D", _data, .. Settings.SelectMany(setting => (string[])["-c", setting]),
    ];

    public override async Task Prepare(CancellationToken cancellationToken)
    {
        if (File.Exists(Made))
        {
            RemoveStaleLock();
            return;
        }

        // Made beside and renamed, so that an interrupted initdb leaves nothing that looks like a database.
        var fresh = Path.Combine(Folder.Path, "data.new");
        if (Directory.Exists(fresh))
        {
            Directory.Delete(fresh, recursive: true);
        }

        Folder.Write("password", _password);
        var passwordFile = Path.Combine(Folder.Path, "password");
        try
        {
            await Folder.Run(
                Path.Combine(_binaries.Folder, "initdb"),
                [
                    "-D", fresh, "-U", User, $"--pwfile={passwordFile}", "--auth-local=reject", "--auth-host=scram-sha-256",
                    "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions", .. _throwaway ? ["--no-sync"] : (string[])[],
                ],
                cancellationToken);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(fresh, _data);
    }

    public override async Task Check(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=3;Command Timeout=3");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("select 1", connection);
        await command.ExecuteScalarAsync(cancellationToken);
    }

    private string Made => Path.Combine(_data, "PG_VERSION");

    private IEnumerable<string> Settings =>
    [
        $"port={Port}",
        "listen_addresses=localhost",
        "unix_socket_directories=",
        "max_connections=400",
        "shared_buffers=128MB",
        "max_wal_size=2GB",

        // Statements and the values in an error's detail may hold personal data; they are for the client, not for a log file.
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
        "log_line_prefix=%d ",
        "log_checkpoints=off",
        "logging_collector=off",
        "lc_messages=C",
        "timezone=UTC",
        "log_timezone=UTC",

        .. _backups?.ArchiveSettings ?? [],

        // Commits still reach the system, so they survive the server being killed, only not the machine.
        .. _throwaway ? ["fsync=off", "full_page_writes=off"] : (string[])[],
    ];

    /// <summary>
    /// After a kill -9 or a power cut the lock file is still there. PostgreSQL itself sees that its process is gone, unless another process has got the same
    /// number since, or it was killed while it wrote the file, which is empty then: in both cases it refuses to start for ever.
    /// </summary>
    private void RemoveStaleLock()
    {
        var lockFile = Path.Combine(_data, "postmaster.pid");
        if (!File.Exists(lockFile))
        {
            return;
        }

        var comm = $"/proc/{File.ReadLines(lockFile).FirstOrDefault()?.Trim()}/comm";
        if (new FileInfo(lockFile).Length == 0 || File.Exists(comm) && !File.ReadAllText(comm).StartsWith("postgres", StringComparison.Ordinal))
        {
            File.Delete(lockFile);
        }
    }
}

/// <summary>Where PostgreSQL is installed. Debian and Ubuntu keep the servers off the path, by major version.</summary>
internal sealed record PostgresBinaries(string Folder, string Version)
{
    /// <param name="version">The major version that made the data folder; null: the newest.</param>
    public static PostgresBinaries Find(string? version)
    {
        string[] parents = ["/usr/lib/postgresql", "/usr/local/pgsql", "/opt/postgresql"];
        var found = parents.Where(Directory.Exists)
            .SelectMany(parent => Directory.EnumerateDirectories(parent).Append(parent))
            .Concat(Directory.Exists("/usr") ? Directory.EnumerateDirectories("/usr", "pgsql-*") : [])
            .Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Where(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            .Distinct()
            .Select(folder => new PostgresBinaries(folder, VersionOf(folder)))
            .OrderByDescending(binaries => double.TryParse(binaries.Version, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .ToList();
        return found.FirstOrDefault(binaries => version is null || binaries.Version.Split('.')[0] == version) ?? throw new CannotStartException(
            version is not null && found.Count > 0
                ? $"The data folder was made by PostgreSQL {version}, and only {string.Join(", ", found.Select(binaries => binaries.Version))} is installed."
                : "PostgreSQL is not installed: apt-get install postgresql, or use an existing server with --postgres postgres://user:password@host:port.");
    }

    private static string VersionOf(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "postgres"), ["--version"]) { RedirectStandardOutput = true })!;
        var words = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return words is [_, _, var version, ..] ? version.Trim() : "0";
    }
}
