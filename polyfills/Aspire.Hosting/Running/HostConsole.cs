using System.Collections.Concurrent;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>What the terminal shows, and the log files in the data folder, which have every line.</summary>
internal sealed class HostConsole : IDisposable
{
    private readonly HostSettings settings;
    private readonly ConcurrentDictionary<string, StreamWriter> files = new();
    private readonly ConcurrentDictionary<string, LogSeverity> last = new();
    private readonly Lock terminal = new();
    private readonly TimeProvider time;

    public HostConsole(HostSettings settings, ResourceLoggerService loggers, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        loggers.LineWritten += Line;
    }

    public void Say(string text)
    {
        lock (terminal)
        {
            Console.Out.WriteLine(text);
        }
    }

    public void Failure(string resourceId, string reason, IReadOnlyList<LogLine> lastLines)
    {
        lock (terminal)
        {
            Console.Out.WriteLine($"[{resourceId}] {reason}");
            foreach (var line in lastLines)
            {
                Console.Out.WriteLine($"[{resourceId}]   | {LogText.Readable(line.Content)}");
            }

            Console.Out.WriteLine($"[{resourceId}] all of it: {Path.Combine(settings.LogFolder, resourceId + ".log")}");
        }
    }

    public void Healthy(Replica replica)
    {
        if (settings.Console == ConsoleMode.All)
        {
            Say($"[{replica.Id}] healthy");
        }
    }

    public void Dispose()
    {
        foreach (var file in files.Values)
        {
            lock (file)
            {
                file.Dispose();
            }
        }
    }

    private void Line(string resourceId, LogLine line)
    {
        var file = files.GetOrAdd(resourceId, Open);
        lock (file)
        {
            if (file.BaseStream is { CanWrite: true })
            {
                file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss.fff} {line.Content}"));
            }
        }

        var severity = LogSeverities.Of(line.Content, last.GetValueOrDefault(resourceId, LogSeverity.Information));
        last[resourceId] = severity;
        if (settings.Console == ConsoleMode.All || (settings.Console == ConsoleMode.Warnings && severity >= LogSeverity.Warning))
        {
            Say($"[{resourceId}] {LogText.Readable(line.Content)}");
        }
    }

    private StreamWriter Open(string resourceId)
    {
        Directory.CreateDirectory(settings.LogFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(settings.LogFolder, resourceId + ".log");
        if (File.Exists(path))
        {
            File.Move(path, path + ".1", overwrite: true);
        }

        return new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
    }
}
