using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Compression of single messages.</summary>
internal static class MessageEncoding
{
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string Deflate = "deflate";

    /// <summary>What both sides can read, for grpc-accept-encoding.</summary>
    public const string Accepted = "identity,gzip,deflate";

    public static bool IsKnown(string encoding) => encoding is Identity or Gzip or Deflate;

    public static bool Accepts(string? acceptEncoding, string encoding)
    {
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            if (acceptEncoding.AsSpan(range).Trim().Equals(encoding, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    public static ArrayBufferWriter<byte> Compress(ReadOnlySpan<byte> message, string encoding, CompressionLevel level)
    {
        var compressed = new ArrayBufferWriter<byte>(Math.Max(64, message.Length / 2));
        using (var stream = Compressor(new BufferWriterStream(compressed), encoding, level))
        {
            stream.Write(message);
        }

        return compressed;
    }

    /// <summary>Stops as soon as the limit is passed: a small message may unfold into gigabytes.</summary>
    public static ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> message, string encoding, int? maxSize)
    {
        var plain = new ArrayBufferWriter<byte>();
        try
        {
            using var stream = Decompressor(new SequenceStream(message), encoding);
            while (true)
            {
                var count = stream.Read(plain.GetSpan(4096));
                if (count == 0)
                {
                    return new ReadOnlySequence<byte>(plain.WrittenMemory);
                }

                plain.Advance(count);
                if (plain.WrittenCount > maxSize)
                {
                    throw new RpcException(SizeLimits.ReceivedTooLarge);
                }
            }
        }
        catch (InvalidDataException ex)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"The {encoding} message cannot be decompressed.", ex));
        }
    }

    private static Stream Compressor(Stream target, string encoding, CompressionLevel level) =>
        encoding == Gzip ? new GZipStream(target, level) : new ZLibStream(target, level);

    private static Stream Decompressor(Stream source, string encoding) =>
        encoding == Gzip ? new GZipStream(source, CompressionMode.Decompress) : new ZLibStream(source, CompressionMode.Decompress);

    private sealed class BufferWriterStream(IBufferWriter<byte> target) : OneWayStream
    {
        public override bool CanWrite => true;

        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => target.Write(buffer.AsSpan(offset, count));
    }

    private sealed class SequenceStream(ReadOnlySequence<byte> source) : OneWayStream
    {
        private ReadOnlySequence<byte> rest = source;

        public override bool CanRead => true;

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, rest.Length);
            rest.Slice(0, count).CopyTo(buffer);
            rest = rest.Slice(count);
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }

    private abstract class OneWayStream : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
