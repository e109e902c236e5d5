using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Shut while the service's database is away. Every delivery of the service passes here, so one of them finds out, one question at a time asks whether it is
/// back, and the others wait without using up a try.
/// </summary>
internal sealed partial class DatabaseGate(NpgsqlDataSource dataSource, IHostApplicationLifetime lifetime, ILogger<DatabaseGate> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private Task _opened = Task.CompletedTask;
    private int _shutInARow;

    /// <summary>Ends when the database is there; cancelled when the service stops.</summary>
    public Task Opened
    {
        get
        {
            lock (_lock)
            {
                return _opened;
            }
        }
    }

    /// <summary>A delivery had its effect.</summary>
    public void Worked() => Volatile.Write(ref _shutInARow, 0);

    /// <summary>A delivery found the database away.</summary>
    public void Shut(Exception fault)
    {
        lock (_lock)
        {
            if (_opened.IsCompleted)
            {
                _opened = Reopen(fault, _shutInARow++, lifetime.ApplicationStopping);
            }
        }
    }

    private async Task Reopen(Exception fault, int inARow, CancellationToken stop)
    {
        var away = Stopwatch.GetTimestamp();
        Log.Away(logger, (fault as NpgsqlException)?.SqlState ?? fault.GetType().Name);
        // A server may answer and still refuse the work (a full disk): the pause grows over openings in vain, too.
        for (var attempt = inARow; ; attempt++)
        {
            var pause = FirstPause * Math.Pow(2, Math.Min(attempt, 10));
            await Task.Delay(pause < LongestPause ? pause : LongestPause, stop);
            // Connections of before are dead, each would fail once more.
            dataSource.Clear();
            if (await Answers(stop))
            {
                Log.Back(logger, Stopwatch.GetElapsedTime(away).TotalSeconds);
                return;
            }
        }
    }

    private async Task<bool> Answers(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(LongestPause);
        try
        {
            await using var command = dataSource.CreateCommand("select 1");
            await command.ExecuteScalarAsync(limit.Token);
            return true;
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            // Asked again: that the database is away was logged when the gate shut.
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The database is away ({Error}): deliveries wait for it")]
        public static partial void Away(ILogger logger, string error);

        [LoggerMessage(LogLevel.Information, "The database answers again after {Seconds:0.0} s: deliveries go on")]
        public static partial void Back(ILogger logger, double seconds);
    }
}
