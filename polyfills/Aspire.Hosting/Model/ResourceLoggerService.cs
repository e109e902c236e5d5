using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>What each resource wrote, kept in memory up to a limit, and followed live.</summary>
public class ResourceLoggerService : IDisposable
{
    internal const int Kept = 2000;

    private readonly ConcurrentDictionary<string, Log> logs = new(StringComparer.OrdinalIgnoreCase);

    internal ResourceLoggerService()
    {
    }

    /// <summary>Every line as it comes, for the console and the log files.</summary>
    internal event Action<string, LogLine>? LineWritten;

    public ILogger GetLogger(IResource resource) => GetLogger(resource.Name);

    public ILogger GetLogger(string resourceName) => new LineLogger(this, resourceName);

    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => WatchAsync(resource.Name);

    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName) => Of(resourceName).WatchAsync();

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(string resourceName)
    {
        await Task.CompletedTask;
        yield return Last(resourceName, Kept);
    }

    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IResource resource) => GetAllAsync(resource.Name);

    public void Complete(IResource resource) => Complete(resource.Name);

    public void Complete(string name) => Of(name).Complete();

    public void ClearBacklog(string resourceName) => Of(resourceName).Clear();

    public void Dispose()
    {
        foreach (var log in logs.Values)
        {
            log.Complete();
        }

        GC.SuppressFinalize(this);
    }

    internal IReadOnlyList<LogLine> Last(string resourceId, int count) => Of(resourceId).Last(count);

    internal void Write(string resourceId, string content, bool isErrorMessage)
    {
        var line = Of(resourceId).Add(content, isErrorMessage);
        LineWritten?.Invoke(resourceId, line);
    }

    private Log Of(string resourceId) => logs.GetOrAdd(resourceId, static _ => new Log());

    private sealed class Log
    {
        private readonly Lock gate = new();
        private readonly Queue<LogLine> lines = new();
        private readonly List<Channel<LogLine>> watchers = [];
        private int written;
        private bool completed;

        public LogLine Add(string content, bool isErrorMessage)
        {
            lock (gate)
            {
                var line = new LogLine(++written, content, isErrorMessage);
                lines.Enqueue(line);
                if (lines.Count > Kept)
                {
                    lines.Dequeue();
                }

                watchers.ForEach(watcher => watcher.Writer.TryWrite(line));
                return line;
            }
        }

        public IReadOnlyList<LogLine> Last(int count)
        {
            lock (gate)
            {
                return [.. lines.TakeLast(count)];
            }
        }

        public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            // A reader that does not keep up loses the oldest lines rather than holding all of them in memory.
            var channel = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });
            IReadOnlyList<LogLine> backlog;
            lock (gate)
            {
                backlog = [.. lines];
                watchers.Add(channel);
                if (completed)
                {
                    channel.Writer.TryComplete();
                }
            }

            try
            {
                if (backlog.Count > 0)
                {
                    yield return backlog;
                }

                while (await channel.Reader.WaitToReadAsync(cancellationToken))
                {
                    List<LogLine> batch = [];
                    while (channel.Reader.TryRead(out var line))
                    {
                        batch.Add(line);
                    }

                    yield return batch;
                }
            }
            finally
            {
                lock (gate)
                {
                    watchers.Remove(channel);
                }
            }
        }

        public void Complete()
        {
            lock (gate)
            {
                completed = true;
                watchers.ForEach(static watcher => watcher.Writer.TryComplete());
            }
        }

        public void Clear()
        {
            lock (gate)
            {
                lines.Clear();
            }
        }
    }

    private sealed class LineLogger(ResourceLoggerService service, string resourceId) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            service.Write(resourceId, exception is null ? text : $"{text}: {exception.Message}", logLevel >= LogLevel.Error);
        }
    }
}
