using System.Text;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Metadata entries to and from header values.</summary>
internal static class MetadataCodec
{
    /// <summary>Headers that are the protocol's own business and never show in metadata.</summary>
    public static bool IsReserved(string name) =>
        name.Length == 0
        || name[0] == ':'
        || name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal)
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase);

    public static string HeaderValue(Metadata.Entry entry)
    {
        if (!entry.IsBinary)
        {
            return entry.Value;
        }

        // Unpadded, as the specification asks of senders.
        return Convert.ToBase64String(entry.RawBytes).TrimEnd('=');
    }

    public static void AddReceived(Metadata metadata, string name, string value)
    {
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(Metadata.Entry.Received(name, value));
            return;
        }

        // Proxies may join equal headers with a comma, which base64 never contains.
        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            metadata.Add(Metadata.Entry.Received(name, FromBase64(part)));
        }
    }

    /// <summary>Padded or not; what is no base64 is kept as its own bytes rather than failing the call.</summary>
    private static byte[] FromBase64(string text)
    {
        var padded = text.Length % 4 == 0 ? text : text + new string('=', 4 - (text.Length % 4));
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var count) ? bytes[..count] : Encoding.Latin1.GetBytes(text);
    }
}
