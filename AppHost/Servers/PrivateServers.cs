using System.Security.Cryptography;

namespace SecondOpinion.Servers;

/// <summary>
/// PostgreSQL and, if wanted, RabbitMQ without a host around them, for tests and benches: a new data folder, ports nobody else has. They end with the process
/// that started them, however it ends.
/// </summary>
public sealed class PrivateServers : IAsyncDisposable
{
    private readonly Ports _ports = new(null);
    private readonly List<ServerProcess> _running = [];

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
                var running = new ServerProcess(server);
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
        var again = new ServerProcess(server);
        _running.Add(again);
        await again.Answers(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Select(running => running.Stop()));
        _ports.Dispose();
    }
}
