namespace SecondOpinion.Gateway.Routing;

/// <summary>Where the replicas of each service listen: <c>services:NAME:http:0…n</c>, the keys of Aspire's service discovery.</summary>
internal sealed class ServiceAddresses(IConfiguration configuration)
{
    /// <summary>Empty when none is configured: its routes then answer 503.</summary>
    public IReadOnlyList<Uri> Of(string service) =>
        [.. configuration.GetSection($"services:{service}:http").GetChildren().Where(a => !string.IsNullOrEmpty(a.Value)).Select(a => new Uri(a.Value!))];
}
