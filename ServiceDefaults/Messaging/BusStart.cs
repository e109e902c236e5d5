using System.Net.Sockets;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Starts the bus as soon as the broker lets the service in. By itself the bus would try at once, in vain while a broker still starts or does not know the
/// service's user yet, and its pauses between attempts grow without end; so services and broker start side by side, and all are ready within a moment of the
/// broker. Afterwards the bus connects anew by itself.
/// </summary>
internal sealed partial class BusStart(IBusDepot bus, BrokerLink link, IConfiguration configuration, TimeProvider time, ILogger<BusStart> logger)
    : BackgroundService
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

        for (var failures = 1; ; failures++)
        {
            try
            {
                await using (await link.Channel(stoppingToken))
                {
                    // Logged in, as the bus will: it does not come back from a refusal by itself.
                    _started = true;
                }

                await bus.Start(stoppingToken);
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The broker hung up or does not know us: requests are answered meanwhile, and the health check tells.
                var pause = Pause * Math.Pow(2, Math.Min(failures, 5));
                Log.NotStarted(logger, failures, pause.TotalSeconds, exception);
                await Task.Delay(pause, time, stoppingToken);
            }
        }
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

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The bus could not start ({Failures} times in a row); again in {Seconds} s")]
        public static partial void NotStarted(ILogger logger, int failures, double seconds, Exception exception);
    }
}
