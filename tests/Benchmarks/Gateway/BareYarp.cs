using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace SecondOpinion.Bench.Gateway;

/// <summary>What the gateway is built on and nothing else: one route to one address, no token, no limit, no metrics. A process of its own.</summary>
internal static class BareYarp
{
    public const string Argument = "yarp";

    public static async Task Run(int port, string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "one", Match = new RouteMatch { Path = "/{**rest}" } }],
            [new ClusterConfig { ClusterId = "one", Destinations = new Dictionary<string, DestinationConfig> { ["it"] = new() { Address = upstream } } }]);
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapReverseProxy();
        await app.RunAsync();
    }
}
