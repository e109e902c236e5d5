using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Gateway.Routing;

namespace SecondOpinion.Gateway.ApiDescription;

/// <param name="Service">Whose.</param>
/// <param name="Content">As last read; null when it was never reached.</param>
/// <param name="IsCurrent">Whether the last attempt succeeded.</param>
internal sealed record ServiceDocument(string Service, JsonNode? Content, bool IsCurrent);

/// <summary>
/// What the services say of themselves (API description, problem catalogue), read from whichever replica answers and kept: a service being away
/// leaves its last known document in place.
/// </summary>
internal sealed partial class ServiceDocuments(IHttpClientFactory http, ServiceAddresses addresses, TimeProvider time, ILogger<ServiceDocuments> logger)
{
    private static readonly TimeSpan KeepCurrent = TimeSpan.FromSeconds(30);

    /// <summary>After a failure it is tried again soon, but not at every request.</summary>
    private static readonly TimeSpan KeepStale = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(string Service, string Path), Kept> _kept = new();

    /// <summary>The document at <paramref name="path"/> of every service, in order of service name.</summary>
    public Task<ServiceDocument[]> FromAll(string path, CancellationToken cancel) =>
        Task.WhenAll(Routes.Services.Select(service => From(service, path, cancel)));

    private async Task<ServiceDocument> From(string service, string path, CancellationToken cancel)
    {
        var kept = _kept.GetOrAdd((service, path), _ => new Kept());
        await kept.OneReader.WaitAsync(cancel);
        try
        {
            if (kept.ReadAt is not { } at || time.GetElapsedTime(at) >= (kept.IsCurrent ? KeepCurrent : KeepStale))
            {
                var fresh = await Read(service, path, cancel);
                (kept.Content, kept.IsCurrent, kept.ReadAt) = (fresh ?? kept.Content, fresh is not null, time.GetTimestamp());
            }

            return new ServiceDocument(service, kept.Content, kept.IsCurrent);
        }
        finally
        {
            kept.OneReader.Release();
        }
    }

    private async Task<JsonNode?> Read(string service, string path, CancellationToken cancel)
    {
        using var client = http.CreateClient(nameof(ServiceDocuments));
        foreach (var address in addresses.Of(service))
        {
            try
            {
                await using var stream = await client.GetStreamAsync(new Uri(address, path), cancel);
                return await JsonNode.ParseAsync(stream, cancellationToken: cancel);
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException
                || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                Log.NotRead(logger, service, path, exception.GetType().Name);
            }
        }

        return null;
    }

#pragma warning disable CA1001 // lives as long as the process, and a semaphore nobody asked a wait handle of holds nothing to give back
    private sealed class Kept
    {
        public readonly SemaphoreSlim OneReader = new(1, 1);
        public JsonNode? Content;
        public bool IsCurrent;
        public long? ReadAt;
    }
#pragma warning restore CA1001

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Service}{Path} could not be read: {Cause}")]
        public static partial void NotRead(ILogger logger, string service, string path, string cause);
    }
}
