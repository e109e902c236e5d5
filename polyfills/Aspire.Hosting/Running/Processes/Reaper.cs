using System.Diagnostics;
using System.Globalization;

namespace Aspire.Hosting.Running.Processes;

/// <summary>
/// A shell that knows every process group of the host and waits for the host to die, which it sees as the end of its input. The parent-death
/// signal reaches only the processes that the host started itself; this one ends what those have started too.
/// </summary>
internal sealed class Reaper : IDisposable
{
    private const string Script = """
        groups=
        while read -r op group; do
          case $op in
            +) groups="$groups $group" ;;
            -) rest=; for g in $groups; do [ "$g" = "$group" ] || rest="$rest $g"; done; groups=$rest ;;
          esac
        done
        for round in 1 2 3 4 5 6 7 8 9 10; do
          alive=
          for g in $groups; do kill -s 0 -- "-$g" 2>/dev/null && alive="$alive $g"; done
          [ -n "$alive" ] || exit 0
          sleep 0.3
        done
        for g in $alive; do kill -s KILL -- "-$g" 2>/dev/null; done
        """;

    private readonly Process shell;
    private readonly Lock gate = new();

    public Reaper()
    {
        // In a session of its own: Ctrl-C in the terminal is meant for the host.
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", Script]) { RedirectStandardInput = true, WorkingDirectory = "/" };
        try
        {
            shell = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new DistributedApplicationException("The host needs setsid and setpriv: apt-get install util-linux.", e);
        }
    }

    public void Add(int group) => Tell('+', group);

    public void Remove(int group) => Tell('-', group);

    public void Dispose()
    {
        lock (gate)
        {
            shell.StandardInput.Dispose();
        }

        shell.WaitForExit();
        shell.Dispose();
    }

    private void Tell(char op, int group)
    {
        lock (gate)
        {
            shell.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{op} {group}\n"));
            shell.StandardInput.Flush();
        }
    }
}
