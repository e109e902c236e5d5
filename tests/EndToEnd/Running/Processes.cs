using System.Globalization;
using System.Runtime.InteropServices;

namespace SecondOpinion.Tests.EndToEnd.Running;

/// <summary>Processes as the kernel sees them (/proc), so that nothing the host says about itself is taken on trust.</summary>
internal static class Processes
{
    /// <summary>A process by number and start time: numbers are used again.</summary>
    internal sealed record Id(int Pid, ulong StartedAt);

    public static void Kill(int pid) => Send(pid, 9);

    public static void Interrupt(int pid) => Send(pid, 2);

    public static void Terminate(int pid) => Send(pid, 15);

    public static void Freeze(int pid) => Send(pid, 19);

    public static void Thaw(int pid) => Send(pid, 18);

    public static bool Lives(Id id) => Stat(id.Pid) is { State: not ('Z' or 'X') } now && now.StartedAt == id.StartedAt;

    /// <summary>
    /// Every living process that a system started, however far it wandered: a child of a child, one that carries the mark in its environment, one that names
    /// the data folder, or one that works in it (PostgreSQL overwrites its own environment).
    /// </summary>
    public static IReadOnlyList<Id> Of(int root, string mark, string dataFolder)
    {
        var all = All();
        var below = new HashSet<int> { root };
        while (all.Any(p => below.Contains(p.Value.Parent) && below.Add(p.Key)))
        {
        }

        return [.. all
            .Where(p => p.Value.State is not ('Z' or 'X') && p.Key != Environment.ProcessId)
            .Where(p => below.Contains(p.Key)
                || Text(p.Key, "environ").Contains(mark, StringComparison.Ordinal)
                || Text(p.Key, "cmdline").Contains(dataFolder, StringComparison.Ordinal)
                || WorkingDirectory(p.Key).StartsWith(dataFolder, StringComparison.Ordinal))
            .Select(p => new Id(p.Key, p.Value.StartedAt))];
    }

    public static string CommandLine(int pid) => Text(pid, "cmdline").Replace('\0', ' ').Trim();

    public static string? Variable(int pid, string name) =>
        Text(pid, "environ").Split('\0').FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <summary>The most memory that the process has ever held, in bytes.</summary>
    public static long PeakMemory(int pid) => Memory(pid, "VmHWM:");

    /// <summary>The memory that the process holds now, in bytes.</summary>
    public static long Memory(int pid) => Memory(pid, "VmRSS:");

    private static long Memory(int pid, string figure)
    {
        var line = File.ReadLines($"/proc/{pid}/status").Single(l => l.StartsWith(figure, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private static Dictionary<int, (int Parent, char State, ulong StartedAt)> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0)
        .Select(pid => (pid, stat: Stat(pid)))
        .Where(p => p.stat is not null)
        .ToDictionary(p => p.pid, p => p.stat!.Value);

    private static (int Parent, char State, ulong StartedAt)? Stat(int pid)
    {
        var text = Text(pid, "stat");
        if (text.Length == 0)
        {
            return null;
        }

        // The name stands in parentheses and may hold anything.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0][0], ulong.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    private static string Text(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else and so is none of ours.
            return "";
        }
    }

    private static string WorkingDirectory(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget ?? "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static void Send(int pid, int signal)
    {
        if (kill(pid, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} did not reach process {pid} (errno {Marshal.GetLastPInvokeError()}).");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);
}
