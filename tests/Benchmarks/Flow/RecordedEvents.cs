using System.Diagnostics;
using Npgsql;

namespace SecondOpinion.Bench.Flow;

/// <summary>What reporting has recorded: every event of the system passes there.</summary>
internal sealed class RecordedEvents(string connectionString) : IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly NpgsqlDataSource _reporting = NpgsqlDataSource.Create(connectionString);

    /// <summary>Waits until no more event comes.</summary>
    /// <returns>How many there are, and when the last of them was seen.</returns>
    public async Task<(long Count, long LastSeen)> Settled()
    {
        var (count, lastSeen) = (-1L, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(lastSeen) < Quiet)
        {
            await using var command = _reporting.CreateCommand("select count(*) from event_log");
            var now = (long)(await command.ExecuteScalarAsync())!;
            if (now != count)
            {
                (count, lastSeen) = (now, Stopwatch.GetTimestamp());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        return (count, lastSeen);
    }

    public ValueTask DisposeAsync() => _reporting.DisposeAsync();
}
