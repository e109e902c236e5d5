using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace SecondOpinion.Gateway.Edge;

/// <summary>
/// <c>Gateway:TrustedProxies</c>: addresses or networks (<c>10.1.0.0/16</c>) of load balancers in front. From one of them the caller's address is the last one
/// in <c>X-Forwarded-For</c> that is no proxy of ours; from anybody else the header is a claim, and is dropped like every other.
/// </summary>
internal sealed class TrustedProxies
{
    private readonly IReadOnlyList<IPNetwork> _networks;

    /// <exception cref="InvalidOperationException">An entry is no address and no network.</exception>
    public TrustedProxies(IConfiguration configuration) => _networks =
    [
        .. (configuration.GetSection("Gateway:TrustedProxies").Get<string[]>() ?? []).Select(text =>
            IPNetwork.TryParse(text, out var network) ? network
            : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw new InvalidOperationException($"Gateway:TrustedProxies: {text} is no address and no network such as 10.1.0.0/16.")),
    ];

    public bool Contains(IPAddress? address) => address is not null && _networks.Any(n => n.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address));

    /// <summary>Before the headers are cleaned, which takes X-Forwarded-* away.</summary>
    public void Use(WebApplication app)
    {
        if (_networks.Count == 0)
        {
            return;
        }

        // Read from the right, hop by hop, as long as the hop is one of ours: what a caller put on the left is never reached.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in _networks)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }
}
