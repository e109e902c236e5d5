using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Aspire.Hosting.Running.Processes;

/// <summary>A process in a session and group of its own, whose output is read line by line and which does not outlive the host.</summary>
internal sealed partial class ManagedProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Meant for the host, misleading to what it starts.</summary>
    private static readonly string[] HostOnly =
        ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "HTTP_PORTS", "DOTNET_LAUNCH_PROFILE", "DOTNET_STARTUP_HOOKS"];

    private readonly Process process;
    private readonly ProcessSpec spec;
    private readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ManagedProcess(Process process, ProcessSpec spec)
    {
        this.process = process;
        this.spec = spec;
    }

    public int Id { get; private set; }

    /// <summary>Ends with the exit code; 128 + n when signal n ended it.</summary>
    public Task<int> Exited => exited.Task;

    public static Task<ManagedProcess> StartAsync(ProcessSpec spec, LaunchThread thread, Reaper reaper, Action<string, bool> line) =>
        thread.RunAsync(() => Start(spec, reaper, line));

    /// <summary>Asks it to stop, waits 10 seconds, then ends its whole group.</summary>
    /// <returns>False when it had to be killed.</returns>
    public async Task<bool> StopAsync()
    {
        if (!Exited.IsCompleted)
        {
            _ = Kill(Id, (int)spec.StopSignal);
        }

        var stopped = await Task.WhenAny(Exited, Task.Delay(Patience)) == Exited;

        // Also after a good exit: what it may have started is to end with it.
        _ = Kill(-Id, (int)Signal.Kill);
        await Exited;
        return stopped;
    }

    private static ManagedProcess Start(ProcessSpec spec, Reaper reaper, Action<string, bool> line)
    {
        var start = new ProcessStartInfo("setsid")
        {
            WorkingDirectory = spec.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (IEnumerable<string>)["setpriv", .. Privileges(spec), "--", spec.FileName, .. spec.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in HostOnly)
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in spec.Environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var managed = new ManagedProcess(process, spec);
        process.Exited += (_, _) =>
        {
            reaper.Remove(managed.Id);
            managed.exited.TrySetResult(process.ExitCode);
        };
        process.Start();
        managed.Id = process.Id;
        reaper.Add(process.Id);
        if (managed.Exited.IsCompleted)
        {
            reaper.Remove(process.Id);
        }

        process.StandardInput.Close();
        _ = ReadAsync(process.StandardOutput, text => line(text, false));
        _ = ReadAsync(process.StandardError, text => line(text, true));
        return managed;
    }

    private static IEnumerable<string> Privileges(ProcessSpec spec)
    {
        yield return "--pdeathsig";
        yield return spec.DeathSignal.ToString().ToUpperInvariant();
        if (spec.Account is { } account)
        {
            yield return $"--reuid={account.UserId}";
            yield return $"--regid={account.GroupId}";
            yield return "--init-groups";
        }
    }

    private static async Task ReadAsync(StreamReader reader, Action<string> line)
    {
        while (await reader.ReadLineAsync() is { } text)
        {
            line(Ansi().Replace(text, ""));
        }
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Ansi();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
