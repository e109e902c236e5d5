using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Writes one message with its prefix to a buffer writer. A message that tells its length beforehand (every protobuf message does) goes
/// straight into the writer's own memory; others, and compressed ones, by way of a buffer. One instance per thread is enough.
/// </summary>
internal sealed class PayloadWriter : SerializationContext
{
    [ThreadStatic]
    private static PayloadWriter? perThread;

    private IBufferWriter<byte> target = null!;
    private ArrayBufferWriter<byte>? buffer;
    private string? encoding;
    private CompressionLevel level;
    private int? maxSize;
    private int declaredLength;
    private bool written;

    /// <param name="encoding">Null to send the message as it is.</param>
    public static void Serialize<T>(
        Marshaller<T> marshaller, T message, IBufferWriter<byte> target, int? maxSize, string? encoding = null,
        CompressionLevel level = CompressionLevel.Fastest)
    {
        var writer = perThread ?? new PayloadWriter();
        perThread = null;
        writer.target = target;
        writer.encoding = encoding;
        writer.level = level;
        writer.maxSize = maxSize;
        writer.declaredLength = -1;
        try
        {
            marshaller.ContextualSerializer(message, writer);
            if (!writer.written)
            {
                throw new RpcException(new Status(StatusCode.Internal, "The serializer did not complete the message."));
            }
        }
        finally
        {
            writer.target = null!;
            writer.buffer = null;
            writer.written = false;
            perThread = writer;
        }
    }

    public override void SetPayloadLength(int payloadLength) => declaredLength = payloadLength;

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (encoding is not null || declaredLength < 0)
        {
            return buffer ??= new ArrayBufferWriter<byte>();
        }

        if (!written)
        {
            WritePrefix(declaredLength, compressed: false);
        }

        return target;
    }

    public override void Complete()
    {
        if (buffer is not null)
        {
            Complete(buffer.WrittenSpan);
        }
        else if (!written)
        {
            Complete(ReadOnlySpan<byte>.Empty);
        }
    }

    public override void Complete(byte[] payload) => Complete(payload.AsSpan());

    private void Complete(ReadOnlySpan<byte> payload)
    {
        if (encoding is null)
        {
            WritePrefix(payload.Length, compressed: false);
            target.Write(payload);
            return;
        }

        CheckSize(payload.Length);
        var compressed = MessageEncoding.Compress(payload, encoding, level).WrittenSpan;
        WritePrefix(compressed.Length, compressed: true);
        target.Write(compressed);
    }

    private void WritePrefix(int length, bool compressed)
    {
        CheckSize(length);
        Protocol.WritePrefix(target.GetSpan(Protocol.PrefixLength), length, compressed);
        target.Advance(Protocol.PrefixLength);
        written = true;
    }

    private void CheckSize(int length)
    {
        if (length > maxSize)
        {
            throw new RpcException(SizeLimits.SentTooLarge);
        }
    }
}
