using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using SecondOpinion.Servers;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>How long a restore took: until the databases took writes again, and until every service was healthy.</summary>
internal sealed record RestoreTimes(double DatabasesSeconds, double SystemSeconds);

/// <summary>
/// A system whose PostgreSQL archives its WAL and whose documents are copied every few seconds. It can lose everything but the backup, the keys and the noted
/// ends of the audit chains, and come back from those on other ports and in other folders.
/// </summary>
internal sealed class BackedUpSystem : IAsyncDisposable
{
    private static readonly TimeSpan CopyEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(2);
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private readonly string _root = AppHostProcess.NewDataFolder();
    private readonly Ports _ports = new(null);
    private readonly string _password = RandomNumberGenerator.GetHexString(24);
    private ServerProcess? _process;
    private CancellationTokenSource _copying = new();
    private Task _copies = Task.CompletedTask;
    private string _base = "";
    private int _life;

    private BackedUpSystem()
    {
        // PostgreSQL's own account must be able to pass.
        File.SetUnixFileMode(_root, File.GetUnixFileMode(_root) | UnixFileMode.OtherExecute);
        Backups = new BackupPlace(Path.Combine(_root, "backup"));
        Documents = new DocumentCopy(Path.Combine(_root, "backup", "documents"));
        Server = NewServer();
    }

    public BackupPlace Backups { get; }

    public DocumentCopy Documents { get; }

    public PostgresServer Server { get; private set; }

    public SharedSystem System { get; private set; } = null!;

    private string Data => Path.Combine(_root, $"system-{_life}");

    private string Safe => Path.Combine(_root, "safe");

    public static async Task<BackedUpSystem> Start()
    {
        var made = new BackedUpSystem();
        await made.Server.Prepare(Cancel);
        await made.Run([]);
        Directory.CreateDirectory(made.Safe);
        File.Copy(Path.Combine(made.Data, "keys.json"), Path.Combine(made.Safe, "keys.json"));
        return made;
    }

    public async Task TakeBase()
    {
        _base = await Backups.TakeBase(Server, Cancel);
        await Backups.Verify(Server, _base, Cancel);
    }

    public async Task<T> Ask<T>(string sql, string database = "postgres")
    {
        await using var db = new NpgsqlConnection($"{Server.ConnectionString};Database={database};Pooling=false");
        await db.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, db);
        return (T)(await command.ExecuteScalarAsync(Cancel))!;
    }

    /// <summary>Sends off the WAL so far, as one does who has just made a mistake.</summary>
    public async Task Archive()
    {
        var point = await Copy();
        await Ask<object>("select pg_switch_wal()::text");
        await Eventually.True(() => Backups.Holds(point), "the WAL is archived", RecoveryLimit);
    }

    /// <summary>Server, broker and documents are gone at once.</summary>
    public async Task Lose()
    {
        Processes.Kill(Server.ProcessId);
        await Stop();
        Directory.Delete(Path.Combine(_root, $"postgres-{_life}"), recursive: true);
        Directory.Move(Path.Combine(Data, "audit"), Path.Combine(Safe, "audit"));
        Directory.Delete(Data, recursive: true);
    }

    /// <param name="target">The moment.</param>
    /// <param name="resendSince">Events that left since then leave again.</param>
    public async Task<RestoreTimes> Restore(RecoveryTarget target, DateTimeOffset resendSince)
    {
        var watch = Stopwatch.StartNew();
        _life++;
        Server = NewServer();
        await Server.Restore(Backups, _base, target, Cancel);
        Directory.CreateDirectory(Data);
        File.Copy(Path.Combine(Safe, "keys.json"), Path.Combine(Data, "keys.json"));
        Directory.Move(Path.Combine(Safe, "audit"), Path.Combine(Data, "audit"));
        Documents.Restore(Path.Combine(Data, "documents"));
        var databases = TimeSpan.Zero;
        await Run(new() { ["Outbox__ResendSince"] = resendSince.ToString("O", CultureInfo.InvariantCulture) }, () => databases = watch.Elapsed);
        return new RestoreTimes(Math.Round(databases.TotalSeconds, 1), Math.Round(watch.Elapsed.TotalSeconds, 1));
    }

    /// <summary>The noted ends of the chains of the time after the restored moment go aside, as operations.md says.</summary>
    public void SetHeadsAside()
    {
        foreach (var heads in Directory.GetFiles(Path.Combine(Data, "audit"), "*.heads"))
        {
            File.Move(heads, heads + $".before-restore-{_life}");
        }
    }

    /// <summary>A backup that somebody changed a byte of is refused.</summary>
    public async Task SpoiledBackupIsRefused()
    {
        var file = Path.Combine(_base, "global", "pg_control");
        var bytes = await File.ReadAllBytesAsync(file, Cancel);
        bytes[100] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Cancel);
        (await Should.ThrowAsync<CannotStartException>(Backups.Verify(Server, _base, Cancel))).Message.ShouldContain("pg_control");
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _ports.Dispose();
        _copying.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private PostgresServer NewServer() => new(_root, $"postgres-{_life}", _ports, _password, backups: Backups);

    private async Task Run(Dictionary<string, string> settings, Action? databasesAreBack = null)
    {
        _process = new ServerProcess(Server);
        await _process.Answers(Cancel);
        await Eventually.True(async () => !await Ask<bool>("select pg_is_in_recovery()"), "the server takes writes", RecoveryLimit);
        databasesAreBack?.Invoke();
        System = await SharedSystem.Over(Data, settings, "--postgres", $"postgres://{PostgresServer.User}:{_password}@localhost:{Server.Port}");
        await System.Healthy();
        _copying = new CancellationTokenSource();
        _copies = Task.Run(KeepCopying, Cancel);
    }

    private async Task KeepCopying()
    {
        using var timer = new PeriodicTimer(CopyEvery);
        try
        {
            do
            {
                await Copy();
            }
            while (await timer.WaitForNextTickAsync(_copying.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or NpgsqlException)
        {
            // The server is gone, or the drill over: the points until then are what there is.
            return;
        }
    }

    private async Task<RestorePoint> Copy()
    {
        await using var db = new NpgsqlConnection($"{Server.ConnectionString};Pooling=false");
        await db.OpenAsync(Cancel);
        return await Documents.Take(Path.Combine(Data, "documents"), db, Cancel);
    }

    /// <summary>What of it still runs.</summary>
    private async Task Stop()
    {
        await _copying.CancelAsync();
        await _copies;
        var (system, process) = (System, _process);
        (System, _process) = (null!, null);
        await (system?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (process?.Stop() ?? Task.CompletedTask);
    }
}
