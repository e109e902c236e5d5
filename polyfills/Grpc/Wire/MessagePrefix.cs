using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The five bytes before each message.</summary>
internal readonly record struct MessagePrefix(int Length, bool IsCompressed)
{
    /// <summary>False when more bytes are needed; a prefix that no message may have ends the call.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, int? maxSize, string? encoding, out MessagePrefix prefix)
    {
        if (buffer.Length < Protocol.PrefixLength)
        {
            prefix = default;
            return false;
        }

        if (buffer.FirstSpan.Length >= Protocol.PrefixLength)
        {
            prefix = Parse(buffer.FirstSpan, maxSize, encoding);
            return true;
        }

        Span<byte> copy = stackalloc byte[Protocol.PrefixLength];
        buffer.Slice(0, Protocol.PrefixLength).CopyTo(copy);
        prefix = Parse(copy, maxSize, encoding);
        return true;
    }

    public static MessagePrefix Parse(ReadOnlySpan<byte> bytes, int? maxSize, string? encoding)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        if (length > (maxSize ?? int.MaxValue))
        {
            throw new RpcException(SizeLimits.ReceivedTooLarge);
        }

        return bytes[0] switch
        {
            0 => new MessagePrefix((int)length, false),
            1 when encoding is null or MessageEncoding.Identity => throw new RpcException(new Status(
                StatusCode.Internal, $"The {Protocol.EncodingHeader} header is missing, yet the message is compressed.")),
            1 => new MessagePrefix((int)length, true),
            _ => throw new RpcException(new Status(StatusCode.Internal, "Unexpected compressed flag value in message header.")),
        };
    }
}
