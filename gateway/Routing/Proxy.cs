using System.Net;
using Microsoft.AspNetCore.Authorization;
using SecondOpinion.Gateway.Edge;
using SecondOpinion.ServiceDefaults.Options;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace SecondOpinion.Gateway.Routing;

/// <summary>
/// Turns <see cref="Routes"/> into YARP's routes and clusters; all replicas take part, and one that refuses connections is left out for a while.
/// </summary>
internal static class Proxy
{
    internal const string BodyKey = "body";

    public static void AddProxy(this WebApplicationBuilder builder)
    {
        builder.AddSettings<GatewayOptions>();
        // At the level of information it writes down whole addresses, the names of patients' files among them.
        builder.Logging.AddFilter("Yarp.ReverseProxy.Forwarder", LogLevel.Warning);
        builder.Services.AddSingleton<ServiceAddresses>();
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy, LeaveOutUnreachable>();
        var authorization = builder.Services.AddAuthorizationBuilder();
        foreach (var route in Routes.All)
        {
            authorization.AddPolicy(route.Policy, Edge(route));
        }

        builder.Services.AddReverseProxy().AddTransforms(transforms =>
        {
            // No service reads X-Forwarded-*: what nobody reads cannot be forged.
            transforms.UseDefaultForwarders = false;
        });
        builder.Services.AddSingleton<IProxyConfigProvider>(services => new InMemoryConfigProvider(
            [.. Routes.All.Select(ToRoute)],
            [.. Clusters(services.GetRequiredService<ServiceAddresses>(), services.GetRequiredService<GatewayOptions>())]));
    }

    public static void MapProxy(this WebApplication app) => app.MapReverseProxy(pipeline =>
    {
        pipeline.UseMiddleware<ProxyFailures>();
        pipeline.UseMiddleware<BodyLimits>();
        pipeline.UseMiddleware<TryAgainUnsent>();
        pipeline.UseLoadBalancing();
        pipeline.UsePassiveHealthChecks();
    });

    private static AuthorizationPolicy Edge(EdgeRoute route)
    {
        // No scheme is named: the one that there is has been asked already, and asking again makes a principal of its own for every request.
        var policy = new AuthorizationPolicyBuilder();
        return (route.Public
            ? policy.RequireAssertion(context => context.User.Identity is not { IsAuthenticated: true } || route.Roles.Any(context.User.IsInRole))
            : policy.RequireRole(route.Roles)).Build();
    }

    private static RouteConfig ToRoute(EdgeRoute route) => new()
    {
        RouteId = route.Id,
        ClusterId = Cluster(route.Service, route.Body),
        Match = new RouteMatch
        {
            Path = route.Method is null ? $"{Routes.Api}{route.Path}/{{**rest}}" : Routes.Api + route.Path,
            Methods = route.Method is null ? null : [route.Method],
        },
        AuthorizationPolicy = route.Policy,
        OutputCachePolicy = route.Cached ? EdgePipeline.OpenPages : null,
        Metadata = new Dictionary<string, string> { [BodyKey] = route.Body.ToString() },
    };

    private static IEnumerable<ClusterConfig> Clusters(ServiceAddresses addresses, GatewayOptions options) =>
        Routes.All.Select(r => (r.Service, Streamed: r.Body != Body.Json)).Distinct().Select(kind => new ClusterConfig
        {
            ClusterId = Cluster(kind.Service, kind.Streamed ? Body.Document : Body.Json),
            LoadBalancingPolicy = LoadBalancingPolicies.PowerOfTwoChoices,
            Destinations = (kind.Streamed ? addresses.Http2Of(kind.Service) : addresses.Of(kind.Service)).Select((uri, i) => (uri, i))
                .ToDictionary(a => $"{kind.Service}-{a.i}", a => new DestinationConfig { Address = a.uri.AbsoluteUri }),
            HttpRequest = new ForwarderRequestConfig
            {
                Version = kind.Streamed ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                ActivityTimeout = kind.Streamed ? options.UploadSilence : options.Silence,
            },
            HealthCheck = new HealthCheckConfig
            {
                // With every replica left out, trying one is better than refusing all.
                AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
                Passive = new PassiveHealthCheckConfig
                {
                    Enabled = true,
                    Policy = LeaveOutUnreachable.PolicyName,
                    ReactivationPeriod = TimeSpan.FromSeconds(5),
                },
            },
        });

    private static string Cluster(string service, Body body) => body == Body.Json ? service : $"{service}-upload";
}
