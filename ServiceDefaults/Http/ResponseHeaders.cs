using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Idempotency;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>A header of an answer, as the API description shows it.</summary>
/// <param name="Name">As sent.</param>
/// <param name="Description">Meaning, unit and form.</param>
/// <param name="Example">A value as it is sent.</param>
/// <param name="IsNumber">A whole number, not below zero.</param>
public sealed record ResponseHeader(string Name, string Description, string Example, bool IsNumber = false);

/// <summary>
/// Which headers an endpoint's successes carry: those it names, and those that follow from what it is. The tests' services note any other, as they do with
/// refusals.
/// </summary>
public static class ResponseHeaders
{
    public static readonly ResponseHeader Etag = new(
        "ETag", "The version of what is answered, quotes included; `If-Match` of the next write repeats it as it is.", "\"v1\"");

    private static readonly ResponseHeader FileEtag = new(
        "ETag", "Names these very bytes, quotes included, for `If-Range` and `If-None-Match`.", "\"v1\"");

    private static readonly ResponseHeader Location = new(
        "Location", "Where what was made is read from now on.", "/api/v1/cases/0199a1b2-0000-7000-8000-000000000001");

    private static readonly ResponseHeader Replayed = new(
        "Idempotent-Replayed", "`true` when this is the stored answer to an earlier request with the same key; else absent.", "true");

    private static readonly ResponseHeader Disposition = new(
        "Content-Disposition", "`attachment` with the file's name.", "attachment; filename=file.pdf");

    private static readonly ResponseHeader Ranges = new("Accept-Ranges", "`bytes`: `Range` is honoured.", "bytes");

    /// <summary>Of a 206, and of a 416 with the length alone.</summary>
    internal static readonly ResponseHeader ContentRange = new("Content-Range", "Which bytes of how many.", "bytes 0-1023/104857");

    /// <summary>Request headers of a download in parts.</summary>
    internal static readonly IReadOnlyList<RequestHeader> OfRanges =
    [
        new("Range", false, "The bytes to send, one range; all when left out.", "bytes=0-1023", Pattern: "^bytes=", MaxLength: 100),
        new("If-Range", false, "The ETag of the bytes that are there already: another version is sent whole.", "\"v1\"", MaxLength: 200),
        new("If-None-Match", false, "The ETag of the bytes that are there already: 304 when they are the same.", "\"v1\"", MaxLength: 200),
    ];

    /// <summary>The endpoint answers with this header.</summary>
    public static TBuilder Gives<TBuilder>(this TBuilder endpoint, ResponseHeader header) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(header);

    /// <summary>The endpoint answers with the version of what it reads. What requires If-Match gives the new one without saying so.</summary>
    public static TBuilder GivesEtag<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Etag);

    /// <summary>The endpoint answers with a file to be saved.</summary>
    /// <param name="endpoint">A GET, or a POST that makes a file.</param>
    /// <param name="mediaTypes">What it may be.</param>
    public static RouteHandlerBuilder GivesFile(this RouteHandlerBuilder endpoint, params string[] mediaTypes) =>
        endpoint.GivesBytes(mediaTypes).WithMetadata(Disposition);

    /// <summary>The endpoint answers with bytes that may be shown in place.</summary>
    /// <param name="endpoint">A GET.</param>
    /// <param name="mediaTypes">What they may be.</param>
    public static RouteHandlerBuilder GivesBytes(this RouteHandlerBuilder endpoint, params string[] mediaTypes) =>
        endpoint.Produces(StatusCodes.Status200OK, contentType: mediaTypes[0], additionalContentTypes: mediaTypes[1..])
            .WithMetadata(new FileAnswer(mediaTypes));

    /// <summary>The same, whole or in parts: <c>Range</c>, <c>If-Range</c> and <c>If-None-Match</c> are honoured.</summary>
    public static RouteHandlerBuilder GivesFileInParts(this RouteHandlerBuilder endpoint, params string[] mediaTypes) =>
        endpoint.GivesFile(mediaTypes).WithMetadata(new InParts(), FileEtag, Ranges);

    /// <summary>All of them.</summary>
    /// <param name="metadata">The endpoint's.</param>
    /// <param name="status">Of a success.</param>
    public static IReadOnlyList<ResponseHeader> Of(IEnumerable<object> metadata, int status)
    {
        var all = metadata as IReadOnlyCollection<object> ?? [.. metadata];
        var headers = all.OfType<ResponseHeader>().ToList();
        if (status != StatusCodes.Status204NoContent && all.OfType<TakesIfMatch>().Any(t => t.IsRequired) && headers.TrueForAll(h => h.Name != Etag.Name))
        {
            headers.Add(Etag);
        }

        if (status is StatusCodes.Status201Created or StatusCodes.Status202Accepted)
        {
            headers.Add(Location);
        }

        if (all.OfType<RequiresIdempotencyKey>().Any())
        {
            headers.Add(Replayed);
        }

        return headers;
    }

    /// <summary>Marks an answer of bytes, of whose form the framework knows nothing.</summary>
    /// <param name="MediaTypes">What it may be.</param>
    public sealed record FileAnswer(IReadOnlyList<string> MediaTypes);

    /// <summary>Marks a download that can be had in parts.</summary>
    public sealed record InParts;
}
