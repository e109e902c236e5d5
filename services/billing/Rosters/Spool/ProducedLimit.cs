namespace SecondOpinion.Billing.Rosters.Spool;

/// <summary>Counts what comes out of an upload: a small file that unpacks into an endless one is refused while it unpacks.</summary>
internal sealed class ProducedLimit(Stream inner, CountingStream packed, RosterOptions options) : Stream
{
    /// <summary>Below it the ratio says nothing.</summary>
    private const long Beginning = 16 << 20;
    private long _produced;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => buffer.IsEmpty ? 0 : Counted(inner.Read(buffer));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? 0 : Counted(await inner.ReadAsync(buffer, cancellationToken));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }

    private int Counted(int read)
    {
        _produced += read;
        // The unpacking takes a file that was cut for one that ends: its last four bytes say how much it should have been.
        if (read == 0 && packed.Count > 0 && inner is System.IO.Compression.GZipStream && packed.Last != (uint)_produced)
        {
            throw new InvalidDataException("The packed file is cut.");
        }

        return _produced > options.MaxProducedBytes || (_produced > Beginning && _produced > packed.Count * options.MaxRatio)
            ? throw new RosterRefusedException(RosterRefusals.TooMuchUnpacked)
            : read;
    }
}
