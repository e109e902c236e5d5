using System.Buffers.Binary;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>A JPEG is a chain of segments up to the image data, and ends with its end mark.</summary>
internal static class JpegFile
{
    private const int TailSize = 64 * 1024;
    private const int MostSegments = 2000;

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.Length >= 3 && head[..3] is [0xFF, 0xD8, 0xFF];

    public static Recognised Check(Stream file)
    {
        file.Position = 2;
        var framed = false;
        Span<byte> mark = stackalloc byte[4];
        for (var i = 0; i < MostSegments; i++)
        {
            if (file.ReadAtLeast(mark, 4, throwOnEndOfStream: false) < 4 || mark[0] != 0xFF)
            {
                return Broken();
            }

            if (mark[1] == 0xFF)
            {
                // Fill bytes may stand before a marker.
                file.Position -= 3;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(mark[2..]);
            if (length < 2 || file.Position + length - 2 > file.Length)
            {
                return Broken();
            }

            framed |= mark[1] is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
            file.Position += length - 2;
            if (mark[1] == 0xDA)
            {
                return framed && HasEnd(file) ? new Recognised.Accepted(FileKind.Jpeg) : Broken();
            }
        }

        return Broken();
    }

    private static Recognised.Damaged Broken() => new(FileKind.Jpeg, "L'image est coupée ou abîmée.");

    private static bool HasEnd(Stream file)
    {
        // Phones append their own data after the image: the end mark need not be the last bytes, but it must come after the image data began.
        var dataStart = file.Position;
        var from = Math.Max(dataStart, file.Length - TailSize);
        var tail = new byte[file.Length - from];
        file.Position = from;
        file.ReadExactly(tail);
        return tail.AsSpan().LastIndexOf([(byte)0xFF, (byte)0xD9]) >= 0;
    }
}
