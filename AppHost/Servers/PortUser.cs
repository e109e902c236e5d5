using System.Globalization;

namespace SecondOpinion.Servers;

/// <summary>Who has a port, as far as /proc tells.</summary>
public static class PortUser
{
    private const string Listening = "0A";

    /// <returns>"nginx (process 12)", or "another process" when the owner is not ours to see.</returns>
    public static string Describe(int port)
    {
        var socket = Connections(port).Where(connection => connection.State == Listening).Select(connection => $"socket:[{connection.Inode}]").FirstOrDefault();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (socket is not null && new DirectoryInfo(Path.Combine(process, "fd")).EnumerateFileSystemInfos().Any(fd => fd.LinkTarget == socket))
                {
                    return $"{File.ReadAllText(Path.Combine(process, "comm")).Trim()} (process {Path.GetFileName(process)})";
                }
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                // Somebody else's process, or one that has ended meanwhile: the port is in use all the same.
                continue;
            }
        }

        return "another process";
    }

    internal static IEnumerable<(string State, string Inode)> Connections(int port)
    {
        var local = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        string[] tables = ["/proc/net/tcp", "/proc/net/tcp6"];

        // Columns: number, local address, remote address, state, queues, timer, retransmissions, owner, timeout, inode.
        return tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns.Length > 9 && columns[1].EndsWith(local, StringComparison.Ordinal))
            .Select(columns => (columns[3], columns[9]));
    }
}
