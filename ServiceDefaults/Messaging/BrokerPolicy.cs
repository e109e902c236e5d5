using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// Sets the delivery limit of quorum queues through the management API: RabbitMQ 3.10 has none by default, so a message that kills its consumer
/// would come back for ever. A policy, not a queue argument, because arguments of a queue can never change.
/// </summary>
internal sealed partial class BrokerPolicy(IConfiguration configuration, BackgroundJobs jobs, ILogger<BrokerPolicy> logger) : BackgroundJob(jobs)
{
    private const int DeliveryLimit = 5;

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (configuration["Messaging:ManagementUri"] is not { Length: > 0 } management)
        {
            Log.LeftToOperators(logger);
            return Next.Never;
        }

        var broker = new Uri(configuration.GetConnectionString("rabbitmq")!);
        var vhost = Uri.EscapeDataString(broker.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(broker.AbsolutePath[1..]) : "/");
        using var http = new HttpClient { BaseAddress = new Uri(management), Timeout = TimeSpan.FromSeconds(5) };
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(broker.UserInfo))));
        using var answer = await http.PutAsJsonAsync($"/api/policies/{vhost}/delivery-limit", new Dictionary<string, object>
        {
            ["pattern"] = ".*",
            ["apply-to"] = "queues",
            ["definition"] = new Dictionary<string, object> { ["delivery-limit"] = DeliveryLimit },
        }, cancel);
        answer.EnsureSuccessStatusCode();
        return Next.Never;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Messaging:ManagementUri is not set: the delivery-limit policy is left to operators")]
        public static partial void LeftToOperators(ILogger logger);
    }
}
