using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost.Commands;

/// <summary>Only PostgreSQL and RabbitMQ, for ./test: writes their addresses to <c>--write FILE</c> when they are up, and stops them on SIGTERM.</summary>
internal static class ServersCommand
{
    public static async Task<int> Run(string[] args)
    {
        var options = new ConfigurationBuilder().AddCommandLine(args).Build();
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Tell(PosixSignalContext signal)
        {
            signal.Cancel = true;
            told.TrySetResult();
        }

        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Tell);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Tell);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var data = Path.GetFullPath(options["data"] ?? throw new CannotStartException("servers needs --data DIR."));
        await using var servers = await PrivateServers.Start(data, broker: true, limit.Token);
        if (options["write"] is { } file)
        {
            await File.WriteAllTextAsync(file + ".part", $"""
                SECONDOPINION_TEST_POSTGRES='{servers.Postgres.ConnectionString}'
                SECONDOPINION_TEST_RABBITMQ='{servers.RabbitMQ!.Address}'
                SECONDOPINION_TEST_RABBITMQ_MANAGEMENT='{servers.RabbitMQ.Management}'

                """);
            File.Move(file + ".part", file, overwrite: true);
        }

        await told.Task;
        return 0;
    }
}
