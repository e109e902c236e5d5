namespace SecondOpinion.Gateway.Routing;

/// <summary>
/// Where the replicas of each service listen: <c>services:NAME:http:0…n</c> for HTTP/1.1 and <c>services:NAME:grpc:0…n</c> for HTTP/2, the keys of Aspire's
/// service discovery. Both ports serve the same routes.
/// </summary>
internal sealed class ServiceAddresses(IConfiguration configuration)
{
    /// <summary>Empty when none is configured: its routes then answer 503.</summary>
    public IReadOnlyList<Uri> Of(string service) => Read(service, "http");

    /// <summary>
    /// For uploads: over HTTP/2 a service can refuse in the middle of a body and be heard at once; over HTTP/1.1 the answer is read only when all is sent,
    /// and lost when the service closes before.
    /// </summary>
    public IReadOnlyList<Uri> Http2Of(string service) => Read(service, "grpc");

    private Uri[] Read(string service, string endpoint) =>
        [.. configuration.GetSection($"services:{service}:{endpoint}").GetChildren().Where(a => !string.IsNullOrEmpty(a.Value)).Select(a => new Uri(a.Value!))];
}
