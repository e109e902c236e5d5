using System.Globalization;

namespace SecondOpinion.Servers;

/// <summary>Up to where a restore replays: a time of PostgreSQL's clock, or a restore point by its name.</summary>
public sealed record RecoveryTarget(string Setting)
{
    /// <summary>The last commit at or before it; the archive must reach beyond it.</summary>
    public static RecoveryTarget Time(DateTimeOffset moment) =>
        new($"recovery_target_time = '{moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}+00'");

    public static RecoveryTarget Point(RestorePoint point) => new($"recovery_target_name = '{point.Name}'");
}

/// <summary>A moment that databases and documents have in common.</summary>
/// <param name="Name">As PostgreSQL has it in its WAL.</param>
/// <param name="WalFile">The segment that holds it: once that is archived the moment can be restored.</param>
public sealed record RestorePoint(string Name, DateTimeOffset At, string WalFile);

/// <summary>
/// Backups of one PostgreSQL server, all databases together: base backups, and the archive of its WAL since. No key of any service is in it. In a cluster the
/// operator does the same (deploy/); this is what the drill proves it with.
/// </summary>
public sealed class BackupPlace
{
    /// <summary>A segment leaves at least this often, full or not: half of the minute that may be lost.</summary>
    private const int ArchiveSeconds = 30;
    private readonly ServerFolder _folder;
    private readonly string _wal;

    /// <param name="folder">On another disk than the server, in earnest.</param>
    public BackupPlace(string folder)
    {
        _folder = ServerFolder.Open(folder, "postgres-backup", "postgres");
        _wal = _folder.Subfolder("wal");
        _folder.Subfolder("base");
    }

    /// <summary>
    /// A segment is there whole or not at all. PostgreSQL repeats what it is not sure to have archived: the same content again is well, another is refused.
    /// </summary>
    internal IEnumerable<string> ArchiveSettings =>
    [
        "archive_mode=on",
        $"archive_timeout={ArchiveSeconds}",
        $"archive_command=if [ -f '{_wal}/%f' ]; then cmp -s '%p' '{_wal}/%f'; else cp '%p' '{_wal}/%f.part' && sync '{_wal}/%f.part' "
            + $"&& mv '{_wal}/%f.part' '{_wal}/%f'; fi",
    ];

    internal string RecoverySettings(RecoveryTarget target) => $"""

        restore_command = 'cp "{_wal}/%f" "%p"'
        {target.Setting}
        recovery_target_timeline = 'latest'
        recovery_target_action = 'promote'

        """;

    /// <summary>Copies the running server; what is written meanwhile is in the WAL that comes with it.</summary>
    /// <returns>The backup's folder.</returns>
    public async Task<string> TakeBase(PostgresServer server, CancellationToken cancel)
    {
        var target = Path.Combine(_folder.Path, "base", $"{DateTimeOffset.UtcNow:yyyyMMdd'T'HHmmss}");
        await Run(server, "pg_basebackup", ["--pgdata", target, "--wal-method=stream", "--checkpoint=fast"], cancel);
        return target;
    }

    /// <summary>Reads every file of a base backup and compares it with the list that was made with it.</summary>
    /// <exception cref="CannotStartException">Something is missing or was changed.</exception>
    public Task Verify(PostgresServer server, string baseBackup, CancellationToken cancel) =>
        _folder.Run(server.Program("pg_verifybackup"), ["--quiet", baseBackup], cancel);

    /// <summary>Reads all tables and indexes of all databases and looks whether every row is in its indexes.</summary>
    /// <exception cref="CannotStartException">Something does not fit.</exception>
    public Task CheckTables(PostgresServer server, CancellationToken cancel) =>
        Run(server, "pg_amcheck", ["--all", "--install-missing", "--heapallindexed", "--jobs=2"], cancel);

    public bool Holds(RestorePoint point) => File.Exists(Path.Combine(_wal, point.WalFile));

    /// <summary>The password goes by a file of the account's own.</summary>
    private async Task Run(PostgresServer server, string program, IEnumerable<string> arguments, CancellationToken cancel)
    {
        var file = Path.Combine(_folder.Path, "password");
        _folder.Write("password", $"localhost:{server.Port}:*:{PostgresServer.User}:{server.Password}");
        try
        {
            await _folder.Run(
                "env",
                [
                    $"PGPASSFILE={file}", server.Program(program), "--no-password", "--host=localhost", $"--port={server.Port}",
                    $"--username={PostgresServer.User}", .. arguments,
                ],
                cancel);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
