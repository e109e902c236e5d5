using Microsoft.AspNetCore.Http;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>A body that is being inflated; one that is not what its Content-Encoding says is the caller's fault, which the decoders do not know.</summary>
internal sealed class InflatedBody(Stream inflating) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inflating.ReadAsync(buffer, cancellationToken);
        }
        // Deflate and GZipStream throw the first, BrotliStream the second.
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException && exception is not ObjectDisposedException)
        {
            throw new BadHttpRequestException("The body is not what its Content-Encoding says.", StatusCodes.Status400BadRequest, exception);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Kestrel allows no synchronous reads of a body.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
