using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Metadata;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>The words of tus 1.0.0 (https://tus.io/protocols/resumable-upload), which the upload doors share.</summary>
internal static class Tus
{
    public const string Version = "1.0.0";
    public const string Extensions = "creation,creation-with-upload,expiration,checksum,termination";
    public const string Checksums = "sha1,sha256";
    public const string PieceType = "application/offset+octet-stream";
    public const string Resumable = "Tus-Resumable";
    public const string Offset = "Upload-Offset";
    public const string Length = "Upload-Length";
    public const string MetadataName = "Upload-Metadata";
    public const string Expires = "Upload-Expires";
    public const string Checksum = "Upload-Checksum";

    private const int MostMetadata = 4096;

    public static readonly RequestHeader ResumableHeader = new(Resumable, true, "The version of tus that the client speaks.", Version, Pattern: @"^1\.0\.0$");

    public static readonly RequestHeader LengthHeader = new(Length, true, "Bytes of the whole file.", "734003200", IsNumber: true);

    public static readonly RequestHeader OffsetHeader = new(
        Offset, true, "Where in the whole file this piece begins, in bytes: 0 for the first, then what the last answer or HEAD said.", "0", IsNumber: true);

    public static readonly ResponseHeader OffsetTold = new(Offset, "Bytes of the file that are here: the next piece begins there.", "0", IsNumber: true);

    public static readonly ResponseHeader ExpiresTold = new(
        Expires, "When the upload is forgotten unless it goes on; absent once it is over.", "Mon, 30 Nov 2026 09:00:00 GMT");

    public static readonly RequestHeader ChecksumHeader = new(
        Checksum, false, "`sha1` or `sha256` of this piece, base64: a piece that came otherwise is not taken (460).", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        MaxLength: 100);

    public static readonly RequestHeader MetadataHeader = new(
        MetadataName, true,
        "Pairs of name and base64 value, separated by commas: `filename` and `documentType` (a code of the catalogue's documents) are needed, `documentDate` "
        + "(2026-01-31) and `sha256` (of the whole file, 64 hexadecimal digits: what came otherwise is refused) may be said; others are kept and given back.",
        "filename aXJtLmRjbQ==,documentType bXJp", MaxLength: MostMetadata);

    /// <summary>Every door but OPTIONS asks for the version, and every answer names it.</summary>
    public static async ValueTask<object?> Speak(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers[Resumable] = Version;
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Headers[Resumable] == Version)
        {
            return await next(context);
        }

        http.Response.Headers["Tus-Version"] = Version;
        return Problems.OtherTus();
    }

    /// <summary>Pairs as sent; null when they cannot be read: a name twice, no base64, too long.</summary>
    public static Dictionary<string, string>? Metadata(string header)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (header.Length > MostMetadata)
        {
            return null;
        }

        foreach (var pair in header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? (pair[..space], pair[(space + 1)..].Trim()) : (pair, "");
            var bytes = new byte[value.Length];
            if (!Convert.TryFromBase64String(value, bytes, out var length) || !pairs.TryAdd(name, Encoding.UTF8.GetString(bytes, 0, length)))
            {
                return null;
            }
        }

        return pairs;
    }

    /// <summary>A whole number of bytes; null when it is missing or none.</summary>
    public static long? Number(HttpRequest request, string header) =>
        long.TryParse(request.Headers[header], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static void Tell(HttpResponse response, long offset, DateTimeOffset? expires)
    {
        response.Headers[Offset] = offset.ToString(CultureInfo.InvariantCulture);
        if (expires is { } at)
        {
            response.Headers[Expires] = at.ToString("R", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The announced size is the limit of an upload, not the request's.</summary>
    internal sealed class NoBodyLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
