using System.Buffers.Binary;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// A JPEG is walked as a decoder walks it: segments, scans of image data, to the end mark of the first image. What phones append after it (videos, further
/// pictures) is theirs.
/// </summary>
internal static class JpegFile
{
    private const int MostSegments = 100_000;
    private const byte Start = 0xD8;
    private const byte End = 0xD9;
    private const byte Scan = 0xDA;

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.Length >= 3 && head[..3] is [0xFF, Start, 0xFF];

    /// <summary>Every segment: its marker, where it begins (the marker itself) and how long it is, marker and length included.</summary>
    /// <returns>The length of the first image, its end mark included; all of the file when it has none; null without an image.</returns>
    public static long? Walk(Stream file, Action<int, long, int> segment)
    {
        using var bytes = new BufferedStream(new Unowned(file), 64 * 1024);
        bytes.Position = 2;
        var (framed, scanned) = (false, false);
        Span<byte> size = stackalloc byte[2];
        for (var i = 0; i < MostSegments; i++)
        {
            var marker = NextMarker(bytes);
            switch (marker)
            {
                case < 0:
                    return framed && scanned ? file.Length : null;
                case End:
                    return framed && scanned ? bytes.Position : null;
                case 0x01 or Start or (>= 0xD0 and <= 0xD7):
                    continue;
            }

            if (bytes.ReadAtLeast(size, 2, throwOnEndOfStream: false) < 2
                || BinaryPrimitives.ReadUInt16BigEndian(size) is var length && (length < 2 || bytes.Position + length - 2 > file.Length))
            {
                return null;
            }

            segment(marker, bytes.Position - 4, BinaryPrimitives.ReadUInt16BigEndian(size) + 2);
            framed |= marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
            scanned |= marker == Scan;
            bytes.Position += BinaryPrimitives.ReadUInt16BigEndian(size) - 2;
        }

        return null;
    }

    /// <summary>Inside a scan everything up to a marker is image data; between segments decoders pass over what does not belong there.</summary>
    private static int NextMarker(BufferedStream bytes)
    {
        for (var b = bytes.ReadByte(); b >= 0; b = bytes.ReadByte())
        {
            if (b != 0xFF)
            {
                continue;
            }

            do
            {
                b = bytes.ReadByte();
            }
            while (b == 0xFF);
            if (b > 0)
            {
                return b;
            }
        }

        return -1;
    }

    /// <summary>The caller's stream stays open when the buffer over it is closed.</summary>
    private sealed class Unowned(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => inner.Read(buffer);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush()
        {
            // Nothing is ever written.
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
