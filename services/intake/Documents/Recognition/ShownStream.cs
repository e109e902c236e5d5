namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>The shown ranges of a seekable file as one seekable stream.</summary>
internal sealed class ShownStream : Stream
{
    private const int StartOfImage = 2;
    private readonly Stream _file;
    private readonly List<Part> _parts = [];

    public ShownStream(Stream file, Shown shown)
    {
        _file = file;
        var turned = shown.Turned();
        for (var i = 0; i < shown.Ranges.Length; i += 2)
        {
            var (start, length) = (shown.Ranges[i], shown.Ranges[i + 1]);
            if (i == 0 && turned.Length > 0)
            {
                Add(new Part(0, StartOfImage, start, null));
                Add(new Part(0, turned.Length, 0, turned));
                (start, length) = (start + StartOfImage, length - StartOfImage);
            }

            if (length > 0)
            {
                Add(new Part(0, length, start, null));
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _parts.Count == 0 ? 0 : _parts[^1].At + _parts[^1].Length;

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_parts.Find(p => Position >= p.At && Position < p.At + p.Length) is not { } part)
        {
            return 0;
        }

        var within = Position - part.At;
        var count = (int)Math.Min(buffer.Length, part.Length - within);
        if (part.Literal is { } literal)
        {
            literal.AsSpan((int)within, count).CopyTo(buffer);
        }
        else
        {
            _file.Position = part.Start + within;
            count = _file.Read(buffer[..count]);
        }

        Position += count;
        return count;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => Length,
    };

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Add(Part part) => _parts.Add(part with { At = Length });

    /// <param name="At">Where it stands in this stream.</param>
    /// <param name="Start">Where it stands in the file.</param>
    /// <param name="Literal">Its bytes, when they are not the file's.</param>
    private sealed record Part(long At, long Length, long Start, byte[]? Literal);
}
