using System.Buffers;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Cuts the body of a response into messages.</summary>
internal sealed class ResponseReader(Stream body, int? maxSize, string? encoding) : IDisposable
{
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
    private int start;
    private int end;

    /// <summary>The next message if all of it has come already.</summary>
    public bool TryRead<T>(Marshaller<T> marshaller, out T? message)
        where T : class
    {
        if (end - start >= Protocol.PrefixLength)
        {
            var prefix = MessagePrefix.Parse(buffer.AsSpan(start, Protocol.PrefixLength), maxSize, encoding);
            if (end - start >= Protocol.PrefixLength + prefix.Length)
            {
                message = Take(marshaller, prefix);
                start += Protocol.PrefixLength + prefix.Length;
                return true;
            }
        }

        message = null;
        return false;
    }

    /// <summary>Null at the end of the stream.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            if (TryRead(marshaller, out var message))
            {
                return message;
            }

            MakeRoom();
            var count = await body.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return start == end
                    ? null
                    : throw new RpcException(new Status(StatusCode.Internal, "Unexpected end of content while reading the message."));
            }

            end += count;
        }
    }

    public void Dispose()
    {
        var returned = Interlocked.Exchange(ref buffer, []);
        if (returned.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(returned);
        }
    }

    private T Take<T>(Marshaller<T> marshaller, MessagePrefix prefix)
    {
        var payload = new ReadOnlySequence<byte>(buffer, start + Protocol.PrefixLength, prefix.Length);
        if (prefix.IsCompressed)
        {
            payload = MessageEncoding.Decompress(payload, encoding!, maxSize);
        }

        try
        {
            return PayloadReader.Deserialize(marshaller, payload);
        }
        catch (Exception ex) when (ex is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "Error deserializing the response message.", ex));
        }
    }

    /// <summary>Grows with what has really come: a prefix that promises gigabytes costs nothing by itself.</summary>
    private void MakeRoom()
    {
        var needed = Protocol.PrefixLength;
        if (end - start >= needed)
        {
            needed += MessagePrefix.Parse(buffer.AsSpan(start, needed), maxSize, encoding).Length;
        }

        if (start == end)
        {
            start = end = 0;
        }

        if (buffer.Length - end > 0 && buffer.Length - start >= needed)
        {
            return;
        }

        if (buffer.Length >= needed)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(needed, buffer.Length * 4));
            buffer.AsSpan(start, end - start).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        end -= start;
        start = 0;
    }
}
