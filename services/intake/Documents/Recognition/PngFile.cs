using System.Buffers.Binary;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>A PNG is a chain of chunks from IHDR to IEND; the first one and the last one are checked to the bit.</summary>
internal static class PngFile
{
    private const int MostChunks = 1_000_000;

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.Length >= 8 && head[..8] is [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Every chunk: its kind, where it begins (its length) and how long it is, length and check sum included.</summary>
    /// <returns>The length of the image, IEND included; null when it is cut off or broken.</returns>
    public static long? Walk(Stream file, Action<string, long, long> chunk)
    {
        file.Position = 8;
        var data = false;
        Span<byte> header = stackalloc byte[8];
        for (var i = 0; i < MostChunks; i++)
        {
            if (file.ReadAtLeast(header, 8, throwOnEndOfStream: false) < 8)
            {
                return null;
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(header);
            var kind = header[4..];
            if (length > int.MaxValue || file.Position + length + 4 > file.Length || i == 0 != kind.SequenceEqual("IHDR"u8))
            {
                return null;
            }

            if (i == 0 && !IsHeader(file, length))
            {
                return null;
            }

            chunk(System.Text.Encoding.Latin1.GetString(kind), file.Position - 8 - (i == 0 ? length : 0), length + 12);
            data |= kind.SequenceEqual("IDAT"u8);
            if (kind.SequenceEqual("IEND"u8))
            {
                return data && length == 0 ? file.Position + 4 : null;
            }

            file.Position += (i == 0 ? 0 : length) + 4;
        }

        return null;
    }

    /// <summary>Width and height are there; leaves the position after the chunk's data.</summary>
    private static bool IsHeader(Stream file, uint length)
    {
        Span<byte> size = stackalloc byte[13];
        return length == 13 && file.ReadAtLeast(size, 13, throwOnEndOfStream: false) == 13
            && BinaryPrimitives.ReadInt32BigEndian(size) > 0 && BinaryPrimitives.ReadInt32BigEndian(size[4..]) > 0;
    }
}
