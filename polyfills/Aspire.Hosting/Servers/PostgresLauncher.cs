using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Aspire.Hosting.Running.Processes;
using Npgsql;

namespace Aspire.Hosting.Servers;

/// <summary>A private PostgreSQL: own folder, own port, reachable from this machine with a password only.</summary>
internal sealed class PostgresLauncher(PostgresServerResource server, HostSettings settings) : Launcher
{
    public override async Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var user = await server.UserNameReference.GetValueAsync(cancellationToken) ?? "postgres";
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken) ?? "";
        var mount = server.Annotations.OfType<ContainerMountAnnotation>().LastOrDefault(static mount => mount.Type == ContainerMountType.BindMount);
        var folder = mount?.Source is { } source
            ? ServerFolder.Prepare(Path.GetDirectoryName(source)!, Path.GetFileName(source), "postgres")
            : ServerFolder.Prepare(settings.DataFolder, server.Name, "postgres");
        var data = Path.Combine(folder.Path, "data");
        var made = Path.Combine(data, "PG_VERSION");
        var binaries = PostgresBinaries.Find(File.Exists(made) ? (await File.ReadAllTextAsync(made, cancellationToken)).Trim() : null);
        Version = $"PostgreSQL {binaries.Version}";
        context.Log($"{Version} from {binaries.Folder}");
        if (!File.Exists(made))
        {
            context.Log($"new data folder {data}");
            await InitializeAsync(folder, binaries, data, user, password, cancellationToken);
        }

        RemoveStaleLock(data);
        var port = server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        List<string> arguments = ["-D", data];
        foreach (var setting in (IEnumerable<string>)[.. Settings, .. settings.Throwaway ? ThrowawaySettings : [], $"port={port}"])
        {
            arguments.AddRange(["-c", setting]);
        }

        // SIGINT ends client sessions and shuts down cleanly; SIGTERM would wait until every client has left by itself.
        return new LaunchPlan(new ProcessSpec(Path.Combine(binaries.Folder, "postgres"), arguments, folder.Path)
        {
            Account = folder.Account,
            StopSignal = settings.Throwaway ? Signal.Quit : Signal.Int,
            DeathSignal = Signal.Int,
        });
    }

    public override IEnumerable<HealthProbe> Probes(LaunchContext context) => [new("select 1", CheckAsync)];

    private static readonly string[] Settings =
    [
        "listen_addresses=localhost",
        "unix_socket_directories=",
        "max_connections=250",
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
    ];

    // Commits still reach the system, so they survive the server being killed, only not the machine.
    private static readonly string[] ThrowawaySettings = ["fsync=off", "full_page_writes=off"];

    private async Task<string?> CheckAsync(CancellationToken cancellationToken) =>
        await PostgresProbe.FailureAsync(await server.GetConnectionStringAsync(cancellationToken) ?? "", cancellationToken);

    private async Task InitializeAsync(
        ServerFolder folder, PostgresBinaries binaries, string data, string user, string password, CancellationToken cancellationToken)
    {
        // Made beside and renamed, so that an interrupted initdb leaves nothing that looks like a database.
        var fresh = folder.Path + "/data.new";
        if (Directory.Exists(fresh))
        {
            Directory.Delete(fresh, recursive: true);
        }

        folder.Write("password", password);
        try
        {
            List<string> arguments =
            [
                "-D", fresh, "-U", user, $"--pwfile={folder.Path}/password", "--auth-local=reject", "--auth-host=scram-sha-256",
                "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions", .. settings.Throwaway ? ["--no-sync"] : (string[])[],
            ];
            await RunAsync(folder, Path.Combine(binaries.Folder, "initdb"), arguments, cancellationToken);
        }
        finally
        {
            File.Delete(folder.Path + "/password");
        }

        Directory.Move(fresh, data);
    }

    private static async Task RunAsync(ServerFolder folder, string program, List<string> arguments, CancellationToken cancellationToken)
    {
        List<string> command = folder.Account is { } account
            ? ["setpriv", $"--reuid={account.UserId}", $"--regid={account.GroupId}", "--init-groups", "--", program, .. arguments]
            : [program, .. arguments];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await output;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new CannotStartException($"{Path.GetFileName(program)} failed: {errors.ReplaceLineEndings(" ").Trim()}");
        }
    }

    /// <summary>
    /// After a kill -9 or a power cut the lock file is still there. PostgreSQL itself sees that its process is gone, unless another process
    /// has got the same number since: then it refuses to start for ever.
    /// </summary>
    private static void RemoveStaleLock(string data)
    {
        var lockFile = Path.Combine(data, "postmaster.pid");
        if (File.Exists(lockFile) && File.ReadLines(lockFile).FirstOrDefault() is { } pid)
        {
            var comm = $"/proc/{pid.Trim()}/comm";
            if (File.Exists(comm) && !File.ReadAllText(comm).StartsWith("postgres", StringComparison.Ordinal))
            {
                File.Delete(lockFile);
            }
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
            .SelectMany(static parent => Directory.EnumerateDirectories(parent).Append(parent))
            .Concat(Directory.Exists("/usr") ? Directory.EnumerateDirectories("/usr", "pgsql-*") : [])
            .Select(static folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Where(static folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            .Distinct()
            .Select(static folder => new PostgresBinaries(folder, VersionOf(folder)))
            .OrderByDescending(static binaries => double.TryParse(binaries.Version, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .ToList();
        return found.FirstOrDefault(binaries => version is null || binaries.Version.Split('.')[0] == version) ?? throw new CannotStartException(
            version is not null && found.Count > 0
                ? $"its data folder was made by PostgreSQL {version}, and only {string.Join(", ", found.Select(static binaries => binaries.Version))} is installed"
                : "PostgreSQL is not installed: apt-get install postgresql, or use an existing server with --postgres postgres://user:password@host:port");
    }

    private static string VersionOf(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "postgres"), ["--version"]) { RedirectStandardOutput = true })!;
        var words = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return words is [_, _, var version, ..] ? version.Trim() : "0";
    }
}

internal static class PostgresProbe
{
    public static async Task<string?> FailureAsync(string connectionString, CancellationToken cancellationToken)
    {
        var options = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 3, CommandTimeout = 3 };
        try
        {
            await using var connection = new NpgsqlConnection(options.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("select 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
            return null;
        }
        catch (NpgsqlException e)
        {
            return e is PostgresException postgres ? postgres.MessageText : e.InnerException?.Message ?? e.Message;
        }
    }
}
