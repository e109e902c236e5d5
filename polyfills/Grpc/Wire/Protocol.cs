using System.Globalization;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Names and small encodings of gRPC over HTTP/2 (PROTOCOL-HTTP2 of the gRPC specification).</summary>
internal static class Protocol
{
    public const string ContentType = "application/grpc";
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string TimeoutHeader = "grpc-timeout";
    public const string EncodingHeader = "grpc-encoding";
    public const string AcceptEncodingHeader = "grpc-accept-encoding";

    /// <summary>A compressed flag of one byte and a length of four, in network order.</summary>
    public const int PrefixLength = 5;

    /// <summary>4 MB, as in every gRPC implementation.</summary>
    public const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    private const long MaxTimeoutDigits = 99_999_999;

    public static void WritePrefix(Span<byte> destination, int length, bool compressed)
    {
        destination[0] = compressed ? (byte)1 : (byte)0;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)length);
    }

    public static bool IsGrpcContentType(ReadOnlySpan<char> contentType)
    {
        if (!contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';';
    }

    /// <summary>At most eight digits and a unit: the finest unit that holds the time.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        // Rounded up, so that the server never gives up before the client does.
        var milliseconds = (long)Math.Ceiling(timeout.TotalMilliseconds);
        if (milliseconds <= MaxTimeoutDigits)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(milliseconds, 1)}m");
        }

        var seconds = milliseconds / 1000;
        return seconds <= MaxTimeoutDigits
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds}S")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(seconds / 3600, MaxTimeoutDigits)}H");
    }

    public static bool TryParseTimeout(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        // An hour has 3.6e10 ticks: eight digits of hours still fit 63 bits.
        var ticks = text[^1] switch
        {
            'n' => (value + 99) / 100,
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'S' => value * TimeSpan.TicksPerSecond,
            'M' => value * TimeSpan.TicksPerMinute,
            'H' => value * TimeSpan.TicksPerHour,
            _ => -1,
        };
        timeout = TimeSpan.FromTicks(ticks);
        return ticks >= 0;
    }

    /// <summary>Status of an answer that is not gRPC at all, from its HTTP status ("HTTP to gRPC Status Code Mapping").</summary>
    public static StatusCode FromHttpStatus(int status) => status switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>Status of a stream that was reset ("Errors" in PROTOCOL-HTTP2); the numbers are HTTP/2 error codes.</summary>
    public static StatusCode FromHttp2Error(long error) => error switch
    {
        0x7 => StatusCode.Unavailable, // REFUSED_STREAM: the server did nothing yet
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };

    public static bool TryParseStatus(string? text, out StatusCode status)
    {
        status = StatusCode.OK;
        if (text is "0")
        {
            return true;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        // A code from the future is an unknown error, not a broken answer.
        status = number <= (int)StatusCode.Unauthenticated ? (StatusCode)number : StatusCode.Unknown;
        return true;
    }
}
