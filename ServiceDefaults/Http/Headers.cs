using Microsoft.AspNetCore.Builder;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>A request header that an endpoint reads by itself; the API description shows it as a parameter.</summary>
/// <param name="Name">As sent.</param>
/// <param name="IsRequired">Whether the request is refused without it.</param>
/// <param name="Description">Meaning, unit and form.</param>
/// <param name="Example">A value that would be taken.</param>
/// <param name="IsNumber">A whole number, not below zero.</param>
/// <param name="Pattern">Regular expression of a text's form.</param>
/// <param name="MaxLength">Longest text.</param>
public sealed record RequestHeader(
    string Name, bool IsRequired, string Description, string Example, bool IsNumber = false, string? Pattern = null, int? MaxLength = null);

/// <summary>Marks an endpoint that compares <c>If-Match</c> (<see cref="Etags"/>).</summary>
/// <param name="IsRequired">Whether a write without it is refused with 428.</param>
public sealed record TakesIfMatch(bool IsRequired);

/// <summary>Marks an endpoint that reads its body as bytes.</summary>
/// <param name="Description">What the bytes are.</param>
/// <param name="MediaTypes">Usual content types.</param>
public sealed record RawBody(string Description, IReadOnlyList<string> MediaTypes);

/// <summary>Headers that an endpoint reads, said where it is mapped.</summary>
public static class Headers
{
    /// <summary>The endpoint reads this header.</summary>
    public static TBuilder Takes<TBuilder>(this TBuilder endpoint, RequestHeader header) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(header);

    /// <summary>The endpoint reads the body by itself, byte by byte; only described, not compared with the request.</summary>
    public static TBuilder ReadsBody<TBuilder>(this TBuilder endpoint, string description, params string[] mediaTypes)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RawBody(description, mediaTypes));

    /// <summary>The endpoint writes only over the version that <c>If-Match</c> names: 428 without, 412 when it has changed.</summary>
    public static TBuilder RequiresIfMatch<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => Mark(endpoint, isRequired: true);

    /// <summary>The endpoint compares <c>If-Match</c> when it is sent.</summary>
    public static TBuilder AllowsIfMatch<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => Mark(endpoint, isRequired: false);

    internal static RequestHeader IfMatch(bool isRequired) => new(
        "If-Match", isRequired,
        "The ETag of the version that was read, quotes included: the write is refused when somebody changed the object since.",
        "\"v1\"", Pattern: "^(\\*|\".+\")$");

    private static TBuilder Mark<TBuilder>(TBuilder endpoint, bool isRequired) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new TakesIfMatch(isRequired), IfMatch(isRequired));
}
