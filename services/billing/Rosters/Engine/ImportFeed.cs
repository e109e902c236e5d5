using System.Threading.Channels;
using Npgsql;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// How far imports have come, for whoever listens: one look at the database per import and half second however many listen, and so many streams of one client
/// (<see cref="RosterOptions.StreamsPerClient"/>).
/// </summary>
internal sealed partial class ImportFeed(NpgsqlDataSource dataSource, RosterOptions options, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<ImportFeed> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Import> _followed = [];
    private readonly Dictionary<Client, int> _streams = [];
    private long _looks;

    /// <summary>How often the database was asked, over all imports.</summary>
    public long Looks => Interlocked.Read(ref _looks);

    /// <summary>Imports that somebody listens to.</summary>
    public int Followed
    {
        get
        {
            lock (_gate)
            {
                return _followed.Count;
            }
        }
    }

    /// <summary>The changes from now on; the stream ends when the import is over, waits for approval, or the service stops. Dispose it.</summary>
    /// <returns>Refused when the client has as many streams as it may.</returns>
    public Result<Listener> Listen(Guid importId, Client client)
    {
        Listener listener;
        Import? first = null;
        lock (_gate)
        {
            var open = _streams.GetValueOrDefault(client);
            if (open >= options.StreamsPerClient)
            {
                return Problems.StreamsOpen(options.StreamsPerClient);
            }

            _streams[client] = open + 1;
            if (!_followed.TryGetValue(importId, out var import))
            {
                _followed[importId] = import = first = new Import(importId);
            }

            listener = new Listener(left => Leave(left, import, client));
            import.Listeners.Add(listener);
            if (import.Latest is { } latest)
            {
                listener.Tell(latest);
            }
        }

        if (first is not null)
        {
            _ = Look(first);
        }

        return listener;
    }

    private void Leave(Listener listener, Import import, Client client)
    {
        lock (_gate)
        {
            if (_streams[client] == 1)
            {
                _streams.Remove(client);
            }
            else
            {
                _streams[client]--;
            }

            import.Listeners.Remove(listener);
        }
    }

    /// <summary>Runs while somebody listens; a database that is away is tried again.</summary>
    private async Task Look(Import followed)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                if (await Next(followed) is { IsOver: true } or { IsHeld: true })
                {
                    return;
                }
            }
            while (StillHeard(followed) && await timer.WaitForNextTickAsync(lifetime.ApplicationStopping));
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // A stop of the service ends the streams; a browser then asks again by itself.
        }
        finally
        {
            End(followed);
        }
    }

    /// <returns>The import; null when the database is away.</returns>
    private async Task<RosterImport?> Next(Import followed)
    {
        try
        {
            Interlocked.Increment(ref _looks);
            await using var db = await dataSource.OpenConnectionAsync(lifetime.ApplicationStopping);
            var import = await RosterImport.Find(db, followed.Id);
            lock (_gate)
            {
                if (import is not null && import.UpdatedAt != followed.Latest?.UpdatedAt)
                {
                    followed.Latest = import;
                    followed.Listeners.ForEach(l => l.Tell(import));
                }
            }

            return import;
        }
        catch (NpgsqlException exception)
        {
            Log.Away(logger, followed.Id, exception);
            return null;
        }
    }

    /// <summary>Under the same lock as joining: whoever comes after the last one left begins anew.</summary>
    private bool StillHeard(Import followed)
    {
        lock (_gate)
        {
            return followed.Listeners.Count > 0 || !_followed.Remove(followed.Id);
        }
    }

    private void End(Import followed)
    {
        lock (_gate)
        {
            if (_followed.GetValueOrDefault(followed.Id) == followed)
            {
                _followed.Remove(followed.Id);
            }

            followed.Listeners.ForEach(l => l.End());
        }
    }

    /// <summary>An import that somebody listens to, with its latest state.</summary>
    private sealed class Import(Guid id)
    {
        public Guid Id => id;

        public List<Listener> Listeners { get; } = [];

        public RosterImport? Latest { get; set; }
    }

    /// <summary>One stream. Whoever reads slowly gets the latest state, not every one.</summary>
    internal sealed class Listener(Action<Listener> leave) : IDisposable
    {
        private readonly Channel<RosterImport> _news =
            Channel.CreateBounded<RosterImport>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        private int _left;

        public IAsyncEnumerable<RosterImport> News(CancellationToken cancel) => _news.Reader.ReadAllAsync(cancel);

        public void Tell(RosterImport import) => _news.Writer.TryWrite(import);

        public void End() => _news.Writer.TryComplete();

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                End();
                leave(this);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Import {ImportId}: its state could not be read for those who follow it")]
        public static partial void Away(ILogger logger, Guid importId, Exception exception);
    }
}
