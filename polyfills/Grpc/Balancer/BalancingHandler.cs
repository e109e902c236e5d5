using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Net.Client.Balancer;

/// <summary>
/// Sends each call to one of a service's addresses. An address that cannot be connected to is left out for a while, longer each time; a
/// call that found it so goes to the next one, since nothing of it was sent. So does a call that a leaving server did not come to, if its only message can be
/// sent again.
/// </summary>
internal sealed class BalancingHandler : DelegatingHandler
{
    private readonly TaskCompletionSource resolved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, Server> known = new();
    private readonly GrpcChannelOptions options;
    private readonly Resolver resolver;
    private readonly bool isRoundRobin;
    private volatile ResolverResult? result;
    private volatile Server[] servers = [];
    private int next;

    private BalancingHandler(Resolver resolver, GrpcChannelOptions options, HttpMessageHandler inner)
        : base(inner)
    {
        this.resolver = resolver;
        this.options = options;
        isRoundRobin = options.ServiceConfig?.LoadBalancingConfigs.FirstOrDefault() is RoundRobinConfig;
        resolver.Start(Update);
    }

    public static BalancingHandler Create(Uri address, GrpcChannelOptions options, HttpMessageHandler inner)
    {
        var factory = options.ServiceProvider?.GetServices<ResolverFactory>().FirstOrDefault(one => one.Name == address.Scheme)
            ?? throw new InvalidOperationException($"No address resolver configured for the scheme '{address.Scheme}'.");
        const int defaultHttpPort = 80;
        return new BalancingHandler(factory.Create(new ResolverOptions(address, defaultHttpPort, options)), options, inner);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await resolved.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        var candidates = servers;
        if (candidates.Length == 0)
        {
            throw new RpcException(result is { Status.StatusCode: not StatusCode.OK } failure
                ? failure.Status
                : new Status(StatusCode.Unavailable, "The resolver knows no address."));
        }

        var target = request.RequestUri!;
        var first = isRoundRobin ? Interlocked.Increment(ref next) : Volatile.Read(ref next);
        HashSet<Server>? tried = null;
        while (true)
        {
            var server = Choose(candidates, first, tried);
            request.RequestUri = server.UriFor(target);
            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                server.Succeeded();
                if (!isRoundRobin)
                {
                    Volatile.Write(ref next, Array.IndexOf(candidates, server));
                }

                return response;
            }
            catch (HttpRequestException ex) when (
                TransportErrors.IsConnectFailure(ex) || (TransportErrors.IsUnprocessed(ex) && request.Content is SingleMessageContent))
            {
                server.Failed(TimeProvider.System.GetUtcNow(), options);
                resolver.Refresh();
                tried ??= [];
                if (tried.Add(server) && tried.Count == candidates.Length)
                {
                    throw;
                }
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            resolver.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The next in turn that is not left out; when all are, the one whose time is up first is worth a try.</summary>
    private static Server Choose(Server[] servers, int first, HashSet<Server>? tried)
    {
        var now = TimeProvider.System.GetUtcNow();
        Server? best = null;
        for (var step = 0; step < servers.Length; step++)
        {
            var server = servers[(uint)(first + step) % (uint)servers.Length];
            if (tried?.Contains(server) == true)
            {
                continue;
            }

            if (!server.IsLeftOut(now))
            {
                return server;
            }

            if (best is null || server.LeftOutUntil < best.LeftOutUntil)
            {
                best = server;
            }
        }

        return best!;
    }

    private void Update(ResolverResult update)
    {
        result = update;
        if (update.Addresses is { } addresses)
        {
            // An address that was known keeps its record.
            servers = [.. addresses.Select(address => known.GetOrAdd(address.ToString(), _ => new Server(address)))];
        }

        resolved.TrySetResult();
    }

    private sealed class Server(BalancerAddress address)
    {
        private readonly ConcurrentDictionary<string, Uri> uris = new();
        private readonly Lock gate = new();
        private int failures;

        public DateTimeOffset LeftOutUntil { get; private set; } = DateTimeOffset.MinValue;

        public bool IsLeftOut(DateTimeOffset now) => Volatile.Read(ref failures) > 0 && now < LeftOutUntil;

        public Uri UriFor(Uri target) => uris.GetOrAdd(
            target.AbsolutePath,
            static (path, at) => new UriBuilder(at.Scheme, at.EndPoint.Host, at.EndPoint.Port, path).Uri,
            (target.Scheme, address.EndPoint));

        public void Succeeded() => Volatile.Write(ref failures, 0);

        public void Failed(DateTimeOffset now, GrpcChannelOptions options)
        {
            lock (gate)
            {
                // Calls that failed together count once.
                if (failures > 0 && now < LeftOutUntil)
                {
                    return;
                }

                const int mostDoublings = 20;
                var pause = options.InitialReconnectBackoff * Math.Pow(2, Math.Min(failures, mostDoublings));
                if (options.MaxReconnectBackoff < pause)
                {
                    pause = options.MaxReconnectBackoff.Value;
                }

                // A spread of a fifth, so that many clients do not come back together.
                LeftOutUntil = now + (pause * (0.8 + (Random.Shared.NextDouble() * 0.4)));
                failures++;
            }
        }
    }
}
