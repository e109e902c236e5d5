using System.Buffers.Binary;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// A photograph without what the camera wrote about it: place, time, serial numbers, previews, comments, and what phones append (videos, further pictures).
/// The pixels are untouched; how the picture is turned is kept. The uploaded bytes stay sealed as they came; what is left out is told here by ranges.
/// </summary>
internal static class Photograph
{
    private const int App0 = 0xE0, App1 = 0xE1, App2 = 0xE2, App14 = 0xEE, App15 = 0xEF, Comment = 0xFE;

    /// <summary>Of a JFIF segment without a preview picture.</summary>
    private const int PlainJfif = 18;

    private static readonly string[] Told = ["eXIf", "tEXt", "zTXt", "iTXt", "tIME"];

    /// <summary>Whether its parts can be told apart; else what the camera wrote would be shown.</summary>
    public static bool IsTold(Stream file, string mediaType) =>
        (mediaType == FileKind.Jpeg ? JpegFile.Walk(file, (_, _, _) => { }) : PngFile.Walk(file, (_, _, _) => { })) is not null;

    /// <returns>What is shown; null when that is the whole file, or it is no photograph.</returns>
    public static Shown? Clean(Stream file, string mediaType) => mediaType switch
    {
        FileKind.Jpeg => CleanJpeg(file),
        FileKind.Png => CleanPng(file),
        _ => null,
    };

    private static Shown? CleanJpeg(Stream file)
    {
        var dropped = new List<(long Start, long Length)>();
        short orientation = 1;
        var end = JpegFile.Walk(file, (marker, start, length) =>
        {
            if (marker is < App0 or > App15 and not Comment)
            {
                return;
            }

            var segment = new byte[length - 4];
            var here = file.Position;
            file.Position = start + 4;
            file.ReadExactly(segment);
            file.Position = here;
            if (marker == App1 && segment.AsSpan().StartsWith("Exif\0\0"u8))
            {
                orientation = Orientation(segment.AsSpan(6)) ?? orientation;
            }

            // The colour profile and the colour transform decide how the pixels look.
            if (marker == App14 || marker == App0 && length == PlainJfif || marker == App2 && segment.AsSpan().StartsWith("ICC_PROFILE\0"u8))
            {
                return;
            }

            dropped.Add((start, length));
        });
        return end is { } length ? Without(dropped, length, file.Length, orientation) : null;
    }

    private static Shown? CleanPng(Stream file)
    {
        var dropped = new List<(long Start, long Length)>();
        var end = PngFile.Walk(file, (kind, start, length) =>
        {
            if (Told.Contains(kind))
            {
                dropped.Add((start, length));
            }
        });
        return end is { } whole ? Without(dropped, whole, file.Length, 1) : null;
    }

    private static Shown? Without(List<(long Start, long Length)> dropped, long end, long whole, short orientation)
    {
        if (dropped.Count == 0 && end == whole)
        {
            return null;
        }

        var kept = new List<long>();
        long from = 0;
        foreach (var (start, length) in dropped.Append((Start: end, Length: 0)))
        {
            if (start > from)
            {
                kept.AddRange([from, start - from]);
            }

            from = start + length;
        }

        return new Shown([.. kept], orientation);
    }

    /// <summary>Tag 0x0112 of the first directory of a TIFF header; 1 to 8.</summary>
    private static short? Orientation(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 14)
        {
            return null;
        }

        var big = tiff[0] == 'M';
        var directory = (int)Math.Min(U32(tiff[4..], big), int.MaxValue);
        if (directory > tiff.Length - 2)
        {
            return null;
        }

        var count = U16(tiff[directory..], big);
        for (var i = 0; i < count && directory + 2 + (i + 1) * 12 <= tiff.Length; i++)
        {
            var entry = tiff[(directory + 2 + i * 12)..];
            if (U16(entry, big) == 0x0112 && U16(entry[8..], big) is >= 1 and <= 8 and var turned)
            {
                return (short)turned;
            }
        }

        return null;

        static ushort U16(ReadOnlySpan<byte> b, bool big) => big ? BinaryPrimitives.ReadUInt16BigEndian(b) : BinaryPrimitives.ReadUInt16LittleEndian(b);
        static uint U32(ReadOnlySpan<byte> b, bool big) => big ? BinaryPrimitives.ReadUInt32BigEndian(b) : BinaryPrimitives.ReadUInt32LittleEndian(b);
    }
}

/// <summary>What of a stored file is shown.</summary>
/// <param name="Ranges">Pairs of start and length, in order.</param>
/// <param name="Orientation">1 to 8 as in EXIF; above 1 it is written anew, alone, after the first range's first two bytes.</param>
internal sealed record Shown(long[] Ranges, short Orientation)
{
    public Stream Of(Stream file) => new ShownStream(file, this);

    /// <summary>An EXIF segment that holds the orientation and nothing else.</summary>
    internal byte[] Turned() => Orientation is > 1 and <= 8
        ? [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)Orientation, 0, 0, 0, 0, 0, 0]
        : [];
}
