using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.ServiceDefaults.Resilience;

/// <summary>
/// Turns <c>http://billing</c> into one of <c>services:billing:http:0…n</c>, and <c>http://_grpc.billing</c> into one of <c>services:billing:grpc:0…n</c>,
/// in turn; an address that refuses a connection is left out for ten seconds. The keys and the name form are those of Aspire's service discovery.
/// </summary>
internal sealed class DiscoveryHandler(ServiceAddresses addresses) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var wanted = request.RequestUri!;
        var chosen = addresses.Next(wanted.Host);
        request.RequestUri = new UriBuilder(wanted) { Scheme = chosen.Scheme, Host = chosen.Host, Port = chosen.Port }.Uri;
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            addresses.LeaveOut(chosen);
            throw;
        }
        finally
        {
            request.RequestUri = wanted;
        }
    }
}

/// <summary>The addresses of the other services, from configuration.</summary>
internal sealed class ServiceAddresses(IConfiguration configuration, TimeProvider time)
{
    private static readonly TimeSpan LeftOut = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, Uri[]> _known = new();
    private readonly ConcurrentDictionary<Uri, DateTimeOffset> _failed = new();
    private int _turn;

    /// <exception cref="HttpRequestException">No address is configured for that name.</exception>
    public Uri Next(string host)
    {
        var all = _known.GetOrAdd(host, Read);
        if (all.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, $"No address of '{host}' is configured (services:…).");
        }

        var start = (uint)Interlocked.Increment(ref _turn);
        var now = time.GetUtcNow();
        for (var i = 0u; i < all.Length; i++)
        {
            var candidate = all[(start + i) % all.Length];
            if (!_failed.TryGetValue(candidate, out var until) || until <= now)
            {
                return candidate;
            }
        }

        // All have failed lately: try one rather than none.
        return all[start % all.Length];
    }

    public void LeaveOut(Uri address) => _failed[address] = time.GetUtcNow() + LeftOut;

    private Uri[] Read(string host)
    {
        var (endpoint, service) = host.StartsWith('_') && host.IndexOf('.') is > 0 and var dot ? (host[1..dot], host[(dot + 1)..]) : ("http", host);
        return [.. configuration.GetSection($"services:{service}:{endpoint}").GetChildren().Select(a => new Uri(a.Value!))];
    }
}
