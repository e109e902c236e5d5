using System.Net.Sockets;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Starts the bus as soon as the broker accepts connections. By itself the bus would try at once, in vain while a broker still starts, and its pauses between
/// attempts grow past ten seconds; so services and broker start side by side, and all are ready within a moment of the broker. Afterwards the bus connects
/// anew by itself.
/// </summary>
internal sealed class BusStart(IBusDepot bus, IConfiguration configuration, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Longer than MassTransit's retries: a stop lets what is being consumed finish.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    private bool _started;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var broker = new Uri(configuration.GetConnectionString("rabbitmq")!);
        while (!await Accepts(broker, stoppingToken))
        {
            await Task.Delay(Pause, time, stoppingToken);
        }

        _started = true;
        await bus.Start(stoppingToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_started)
        {
            await bus.Stop(StopLimit, cancellationToken);
        }
    }

    private static async Task<bool> Accepts(Uri broker, CancellationToken cancel)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(broker.Host, broker.Port > 0 ? broker.Port : 5672, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
