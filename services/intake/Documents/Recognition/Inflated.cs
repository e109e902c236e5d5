using System.IO.Compression;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// A deflated data set, read forward as it unfolds: a few kilobytes at a time are in memory, whatever it unfolds to. What unfolds to more than
/// <see cref="MostRatio"/> times its size (beyond the first ten megabytes), or to more than <see cref="MostBytes"/>, is a bomb and ends there.
/// </summary>
internal sealed class Inflated(Stream packed) : Stream
{
    public const int MostRatio = 100;
    public const long MostBytes = 2L << 30;
    private const long Free = 10L << 20;
    private readonly long _packedStart = packed.Position;
    private readonly DeflateStream _plain = new(packed, CompressionMode.Decompress, leaveOpen: true);
    private readonly byte[] _ahead = new byte[64 * 1024];
    private int _start;
    private int _end;
    private long _position;

    /// <summary>Bytes that were made so far.</summary>
    public long Produced { get; private set; }

    /// <summary>The end is known when it is reached; before, it is infinitely far.</summary>
    public override long Length => Fill() ? long.MaxValue : _position;

    public override long Position
    {
        get => _position;
        set
        {
            for (var skip = value - _position; skip > 0;)
            {
                if (!Fill())
                {
                    throw new EndOfStreamException();
                }

                var step = (int)Math.Min(skip, _end - _start);
                _start += step;
                _position += step;
                skip -= step;
            }

            if (value < _position)
            {
                throw new NotSupportedException("It is read forward only.");
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override int Read(Span<byte> buffer)
    {
        if (!Fill())
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _ahead.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _plain.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        if (_start < _end)
        {
            return true;
        }

        (_start, _end) = (0, _plain.Read(_ahead));
        Produced += _end;
        if (Produced > MostBytes || (Produced > Free && Produced > (packed.Length - _packedStart) * MostRatio))
        {
            throw new InvalidDataException("L'image compressée se déplie en un fichier démesuré.");
        }

        return _end > 0;
    }
}
