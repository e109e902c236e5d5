using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>The health checks that the model asks for.</summary>
internal static class HealthProbes
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    public static IEnumerable<HealthProbe> Of(IResource resource, int replica, IServiceProvider services)
    {
        foreach (var check in resource.Annotations.OfType<HttpHealthCheckAnnotation>())
        {
            var endpoint = resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(endpoint =>
                check.EndpointName is null ? endpoint.UriScheme is "http" or "https" : endpoint.Name.Equals(check.EndpointName, StringComparison.OrdinalIgnoreCase));
            yield return new HealthProbe(
                $"{endpoint?.Name ?? check.EndpointName} {check.Path}",
                cancellationToken => HttpAsync(endpoint, check, replica, cancellationToken));
        }

        foreach (var check in resource.Annotations.OfType<HealthCheckAnnotation>())
        {
            yield return new HealthProbe(check.Key, cancellationToken => RegisteredAsync(services, check.Key, cancellationToken));
        }
    }

    private static async Task<string?> HttpAsync(
        EndpointAnnotation? endpoint, HttpHealthCheckAnnotation check, int replica, CancellationToken cancellationToken)
    {
        if (endpoint is null)
        {
            return $"there is no endpoint '{check.EndpointName}' to ask";
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.Replicas[replica].UriString + check.Path);
        // "Not sampled": asked every few seconds, it would drown the traces and the rates of what people do.
        request.Headers.Add("traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00");
        if (endpoint.Transport == "http2")
        {
            request.Version = new Version(2, 0);
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        try
        {
            using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (int)response.StatusCode == check.StatusCode ? null : $"GET {request.RequestUri} answers {(int)response.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return $"GET {request.RequestUri}: {e.Message}";
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"GET {request.RequestUri} does not answer within {Client.Timeout.TotalSeconds} s";
        }
    }

    private static async Task<string?> RegisteredAsync(IServiceProvider services, string key, CancellationToken cancellationToken)
    {
        if (services.GetService<HealthCheckService>() is not { } checks)
        {
            return $"no health check '{key}' is registered";
        }

        var report = await checks.CheckHealthAsync(registration => registration.Name == key, cancellationToken);
        return report.Entries.TryGetValue(key, out var entry)
            ? entry.Status == HealthStatus.Healthy ? null : entry.Description ?? entry.Exception?.Message ?? entry.Status.ToString()
            : $"no health check '{key}' is registered";
    }
}
