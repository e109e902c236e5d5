using System.Collections.Concurrent;
using System.Diagnostics;

namespace SecondOpinion.Servers;

/// <summary>A server's process without a host around it; it ends with the process that started it.</summary>
public sealed class ServerProcess
{
    private const int LastWords = 20;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();

    public ServerProcess(LocalServer server)
    {
        Server = server;
        var start = new ProcessStartInfo(server.Command, server.Arguments)
        {
            WorkingDirectory = server.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in server.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["STOP_AT_EOF"] = "1";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Hear;
        _process.ErrorDataReceived += Hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public LocalServer Server { get; }

    /// <summary>Waits until it does.</summary>
    /// <exception cref="CannotStartException">It ended before; the message holds its last words.</exception>
    public async Task Answers(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Server.Check(cancellationToken);
                return;
            }
            catch (Exception notYet) when (notYet is not OperationCanceledException)
            {
                if (_process.HasExited)
                {
                    throw new CannotStartException($"{Server.Version} ended with {_process.ExitCode}: {string.Join('\n', _said)}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    /// <summary>Returns when it has ended, be it that it was killed before.</summary>
    public async Task Stop()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
        {
            _said.Enqueue(text);
            while (_said.Count > LastWords)
            {
                _said.TryDequeue(out _);
            }
        }
    }
}
