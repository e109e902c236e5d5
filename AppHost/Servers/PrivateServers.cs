using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace SecondOpinion.Servers;

/// <summary>
/// PostgreSQL and, if wanted, RabbitMQ without a host around them, for tests and benches: a new data folder, ports nobody else has. They end with the process
/// that started them, however it ends.
/// </summary>
public sealed class PrivateServers : IAsyncDisposable
{
    private readonly Ports _ports = new(null);
    private readonly List<Running> _running = [];

    private PrivateServers(string dataFolder, bool broker, bool throwaway)
    {
        // Never shown and gone with the folder.
        Postgres = new PostgresServer(dataFolder, "postgres", _ports, RandomNumberGenerator.GetHexString(24), throwaway);
        RabbitMQ = broker ? new RabbitMQServer(dataFolder, "rabbitmq", _ports, RandomNumberGenerator.GetHexString(24), throwaway) : null;
    }

    public PostgresServer Postgres { get; }

    /// <summary>Null when it was not wanted.</summary>
    public RabbitMQServer? RabbitMQ { get; }

    /// <param name="dataFolder">A new folder; whoever gave it deletes it.</param>
    /// <param name="broker">RabbitMQ too.</param>
    /// <param name="throwaway">False: with the settings of a server whose data matter, for measuring.</param>
    /// <exception cref="CannotStartException">One of them ended before it answered; the message holds its last words.</exception>
    public static async Task<PrivateServers> Start(string dataFolder, bool broker, CancellationToken cancellationToken, bool throwaway = true)
    {
        var servers = new PrivateServers(dataFolder, broker, throwaway);
        try
        {
            LocalServer[] wanted = servers.RabbitMQ is null ? [servers.Postgres] : [servers.Postgres, servers.RabbitMQ];
            await Task.WhenAll(wanted.Select(async server =>
            {
                await server.Prepare(cancellationToken);
                var running = new Running(server);
                lock (servers._running)
                {
                    servers._running.Add(running);
                }

                await running.Answers(cancellationToken);
            }));
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>After its process was killed: the same data, the same port.</summary>
    public async Task StartAgain(LocalServer server, CancellationToken cancellationToken)
    {
        var ended = _running.Single(running => running.Server == server);
        await ended.Stop();
        _running.Remove(ended);
        await server.Prepare(cancellationToken);
        var again = new Running(server);
        _running.Add(again);
        await again.Answers(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Select(running => running.Stop()));
        _ports.Dispose();
    }

    private sealed class Running
    {
        private const int LastWords = 20;
        private readonly LocalServer _server;
        private readonly Process _process;
        private readonly ConcurrentQueue<string> _said = new();

        public Running(LocalServer server)
        {
            _server = server;
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

        public LocalServer Server => _server;

        public async Task Answers(CancellationToken cancellationToken)
        {
            while (true)
            {
                try
                {
                    await _server.Check(cancellationToken);
                    return;
                }
                catch (Exception notYet) when (notYet is not OperationCanceledException)
                {
                    if (_process.HasExited)
                    {
                        throw new CannotStartException($"{_server.Version} ended with {_process.ExitCode}: {string.Join('\n', _said)}");
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
                }
            }
        }

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
}
