using System.Net;
using Grpc.Core;
using Grpc.Net.Client.Configuration;

namespace Grpc.Net.Client.Balancer;

/// <summary>One address of a service that has several.</summary>
public sealed class BalancerAddress(DnsEndPoint endPoint)
{
    public BalancerAddress(string host, int port)
        : this(new DnsEndPoint(host, port))
    {
    }

    public DnsEndPoint EndPoint { get; } = endPoint;

    public override string ToString() => $"{EndPoint.Host}:{EndPoint.Port}";
}

/// <summary>Tells a channel the addresses of its target, at first and whenever they change.</summary>
public abstract class Resolver : IDisposable
{
    /// <summary>Called once; the listener is told the addresses, now or later.</summary>
    public abstract void Start(Action<ResolverResult> listener);

    /// <summary>A hint that the addresses known may be out of date.</summary>
    public virtual void Refresh()
    {
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

public sealed class ResolverResult
{
    private ResolverResult(Status status, IReadOnlyList<BalancerAddress>? addresses, ServiceConfig? serviceConfig)
    {
        Status = status;
        Addresses = addresses;
        ServiceConfig = serviceConfig;
    }

    public Status Status { get; }

    public IReadOnlyList<BalancerAddress>? Addresses { get; }

    public ServiceConfig? ServiceConfig { get; }

    public static ResolverResult ForFailure(Status status) => new(status, null, null);

    public static ResolverResult ForResult(IReadOnlyList<BalancerAddress> addresses) => new(Status.DefaultSuccess, addresses, null);
}

/// <summary>Makes the resolver of channels whose address has the factory's name as its scheme.</summary>
public abstract class ResolverFactory
{
    public abstract string Name { get; }

    public abstract Resolver Create(ResolverOptions options);
}

public sealed class ResolverOptions
{
    internal ResolverOptions(Uri address, int defaultPort, GrpcChannelOptions channelOptions)
    {
        Address = address;
        DefaultPort = defaultPort;
        ChannelOptions = channelOptions;
    }

    public Uri Address { get; }

    public int DefaultPort { get; }

    public GrpcChannelOptions ChannelOptions { get; }
}

/// <summary>Addresses such as <c>static:///intake</c>: the delegate says which servers that is.</summary>
public sealed class StaticResolverFactory(Func<Uri, IEnumerable<BalancerAddress>> addressesCallback) : ResolverFactory
{
    public override string Name => "static";

    public override Resolver Create(ResolverOptions options) => new StaticResolver([.. addressesCallback(options.Address)]);

    private sealed class StaticResolver(List<BalancerAddress> addresses) : Resolver
    {
        public override void Start(Action<ResolverResult> listener) => listener(ResolverResult.ForResult(addresses));
    }
}
