using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Sets the delivery limit of quorum queues through the management API: RabbitMQ 3.10 has none by default, so a message that kills its consumer
/// would come back for ever. A policy, not a queue argument, because arguments of a queue can never change.
/// </summary>
internal sealed partial class BrokerPolicy(IConfiguration configuration, ILogger<BrokerPolicy> logger) : BackgroundService
{
    private const int DeliveryLimit = 5;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration["Messaging:ManagementUri"] is not { Length: > 0 } management)
        {
            Log.LeftToOperators(logger);
            return;
        }

        var broker = new Uri(configuration.GetConnectionString("rabbitmq")!);
        var vhost = Uri.EscapeDataString(broker.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(broker.AbsolutePath[1..]) : "/");
        using var http = new HttpClient { BaseAddress = new Uri(management), Timeout = TimeSpan.FromSeconds(5) };
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(broker.UserInfo))));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var answer = await http.PutAsJsonAsync($"/api/policies/{vhost}/delivery-limit", new Dictionary<string, object>
                {
                    ["pattern"] = ".*",
                    ["apply-to"] = "queues",
                    ["definition"] = new Dictionary<string, object> { ["delivery-limit"] = DeliveryLimit },
                }, stoppingToken);
                answer.EnsureSuccessStatusCode();
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !stoppingToken.IsCancellationRequested)
            {
                Log.NotYet(logger, exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(2), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Messaging:ManagementUri is not set: the delivery-limit policy is left to operators")]
        public static partial void LeftToOperators(ILogger logger);

        [LoggerMessage(LogLevel.Information, "The broker's management API is not up yet: {Reason}")]
        public static partial void NotYet(ILogger logger, string reason);
    }
}
