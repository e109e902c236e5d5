namespace SecondOpinion.Gateway.Routing;

/// <summary>A request body that ends in a 413 when it passes its limit, and in a 408 when it has not come in time.</summary>
/// <param name="late">Set off when the whole body should have been there.</param>
internal sealed class LimitedStream(Stream inner, long limit, CancellationToken late) : Stream
{
    private long _read;

    public Stream Inner => inner;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await InTime(buffer, cancellationToken));

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Counted(await InTime(buffer.AsMemory(offset, count), cancellationToken));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bodies are read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async ValueTask<int> InTime(Memory<byte> buffer, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late);
        try
        {
            return await inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException cut) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body did not come in time.", StatusCodes.Status408RequestTimeout, cut);
        }
    }

    private int Counted(int read)
    {
        _read += read;
        return _read <= limit ? read : throw new BadHttpRequestException("The body is larger than this route takes.", StatusCodes.Status413PayloadTooLarge);
    }
}
