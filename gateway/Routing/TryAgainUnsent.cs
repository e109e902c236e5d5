using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace SecondOpinion.Gateway.Routing;

/// <summary>
/// Offers a request again when the connection was refused: nothing of it was sent, so nothing can happen twice. Another replica first; then, with growing
/// pauses, whichever comes back within <see cref="GatewayOptions.Patience"/>.
/// </summary>
internal sealed class TryAgainUnsent(RequestDelegate next, GatewayOptions options, TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    public async Task InvokeAsync(HttpContext context)
    {
        var began = time.GetTimestamp();
        HashSet<DestinationState>? refused = null;
        var pause = TimeSpan.FromMilliseconds(50);
        while (true)
        {
            await next(context);
            if (!NeverSent(context) || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested
                || time.GetElapsedTime(began) >= options.Patience)
            {
                return;
            }

            var proxy = context.GetReverseProxyFeature();
            refused ??= [];
            if (proxy.ProxiedDestination is { } tried)
            {
                refused.Add(tried);
            }

            var others = proxy.AllDestinations.Where(d => !refused.Contains(d)).ToList();
            if (others.Count == 0)
            {
                refused.Clear();
                others = [.. proxy.AllDestinations];
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
            proxy.AvailableDestinations = others;
            proxy.ProxiedDestination = null;
        }
    }

    internal static bool NeverSent(HttpContext context) =>
        context.GetForwarderErrorFeature() is
        {
            Error: ForwarderError.Request, Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError },
        };
}

/// <summary>A replica that refuses one connection is left out at once, not after a share of failures: the next request need not find out again.</summary>
internal sealed class LeaveOutUnreachable(IDestinationHealthUpdater health) : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "LeaveOutUnreachable";

    public string Name => PolicyName;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        var period = cluster.Model.Config.HealthCheck?.Passive?.ReactivationPeriod ?? TimeSpan.FromSeconds(5);
        if (TryAgainUnsent.NeverSent(context))
        {
            health.SetPassive(cluster, destination, DestinationHealth.Unhealthy, period);
        }
        else if (destination.Health.Passive == DestinationHealth.Unhealthy)
        {
            health.SetPassive(cluster, destination, DestinationHealth.Healthy, period);
        }
    }
}
