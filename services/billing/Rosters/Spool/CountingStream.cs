namespace SecondOpinion.Billing.Rosters.Spool;

/// <summary>Counts what is read of the upload (as sent, compressed or not), so that progress has an end to measure against.</summary>
internal sealed class CountingStream(Stream inner) : Stream
{
    private ReadOnlyMemory<byte> _putBack;

    public long Count { get; private set; }

    /// <summary>The last four bytes that were read, the first of them least significant: at the end of a gzip file, its size unpacked.</summary>
    public uint Last { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Gives the first bytes once more, after they told what the file is.</summary>
    public void PutBack(ReadOnlyMemory<byte> bytes)
    {
        _putBack = bytes;
        Count -= bytes.Length;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = Math.Min(_putBack.Length, buffer.Length);
        if (read > 0)
        {
            _putBack.Span[..read].CopyTo(buffer);
            _putBack = _putBack[read..];
        }
        else
        {
            read = inner.Read(buffer);
        }

        Count += read;
        foreach (var b in buffer[Math.Max(0, read - 4)..read])
        {
            Last = (Last >> 8) | ((uint)b << 24);
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    // The spool reads from the page cache and decrypts: there is nothing to wait for.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
