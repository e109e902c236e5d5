using System.Buffers;
using System.Net;

namespace Grpc.Net.Client;

/// <summary>A request of one message, serialized beforehand into rented memory: a request that the handler sends again finds it there.</summary>
internal sealed class SingleMessageContent : HttpContent, IBufferWriter<byte>
{
    private byte[] buffer = [];
    private int length;
    private int sending;

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return buffer.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return buffer.AsSpan(length);
    }

    /// <summary>Gives the memory back, unless the handler is still sending it.</summary>
    public void Release()
    {
        if (Volatile.Read(ref sending) == 0 && buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref sending);
        await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        Interlocked.Decrement(ref sending);
    }

    /// <summary>Unknown, so that no content-length is sent: gRPC frames its own messages.</summary>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private void Reserve(int count)
    {
        if (buffer.Length - length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length + count, Math.Max(256, buffer.Length * 2)));
        buffer.AsSpan(0, length).CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = larger;
    }
}
