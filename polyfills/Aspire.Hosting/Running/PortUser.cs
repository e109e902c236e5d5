using System.Globalization;

namespace Aspire.Hosting.Running;

/// <summary>Who listens on a port, as far as /proc tells.</summary>
internal static class PortUser
{
    /// <returns>"in use by nginx (pid 12)", or "in use" when the owner is not ours to see.</returns>
    public static string Describe(int port)
    {
        var socket = Inode(port);
        if (socket is not null)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(static path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
            {
                try
                {
                    if (new DirectoryInfo(Path.Combine(process, "fd")).EnumerateFileSystemInfos().Any(fd => fd.LinkTarget == $"socket:[{socket}]"))
                    {
                        return $"in use by {File.ReadAllText(Path.Combine(process, "comm")).Trim()} (pid {Path.GetFileName(process)})";
                    }
                }
                catch (Exception e) when (e is UnauthorizedAccessException or IOException)
                {
                    // Somebody else's process, or one that has ended meanwhile: the port is in use all the same.
                    continue;
                }
            }
        }

        return "in use";
    }

    private static string? Inode(int port)
    {
        var hex = port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            if (!File.Exists(table))
            {
                continue;
            }

            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields is [_, var local, _, "0A", ..] && local.EndsWith(':' + hex, StringComparison.Ordinal))
                {
                    return fields[9];
                }
            }
        }

        return null;
    }
}
