using System.IO.Compression;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// A deflated data set or a file of an archive, read forward as it unfolds: a few kilobytes at a time are in memory, whatever it unfolds to, and a few bytes
/// back may be looked at again. What unfolds to more than <see cref="MostRatio"/> times its size (beyond the first ten megabytes), or to more than
/// <see cref="MostBytes"/>, is a bomb and ends there.
/// </summary>
/// <param name="packed">From where it stands to its end.</param>
/// <param name="isStored">Not compressed at all: it unfolds to itself.</param>
/// <param name="isChecked">Whether <see cref="Crc"/> is wanted.</param>
internal sealed class Inflated(Stream packed, bool isStored = false, bool isChecked = false) : Stream
{
    public const int MostRatio = 100;
    public const long MostBytes = 4L << 30;
    private const long Free = 10L << 20;
    private const int Back = 64;
    private const int BlockSize = 64 * 1024;
    private readonly long _packedStart = packed.Position;
    private readonly Stream _plain = isStored ? packed : new DeflateStream(packed, CompressionMode.Decompress, leaveOpen: true);
    private readonly byte[] _ahead = new byte[Back + BlockSize];
    private int _start;
    private int _end;
    private long _position;

    /// <summary>Bytes that were made so far.</summary>
    public long Produced { get; private set; }

    /// <summary>CRC-32 of them.</summary>
    public uint Crc { get; private set; }

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
                if (_position - value > _start)
                {
                    throw new NotSupportedException("It is read forward only.");
                }

                _start -= (int)(_position - value);
                _position = value;
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    /// <summary>To its end, so that <see cref="Produced"/> and <see cref="Crc"/> are those of all of it.</summary>
    public void Drain()
    {
        while (Fill())
        {
            _position += _end - _start;
            _start = _end;
        }
    }

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
        if (!isStored)
        {
            _plain.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Fill()
    {
        if (_start < _end)
        {
            return true;
        }

        var kept = Math.Min(Back, _end);
        _ahead.AsSpan(_end - kept, kept).CopyTo(_ahead);
        var read = _plain.Read(_ahead, kept, BlockSize);
        (_start, _end) = (kept, kept + read);
        Produced += read;
        if (isChecked)
        {
            Crc = Crc32.Append(Crc, _ahead.AsSpan(kept, read));
        }

        if (Produced > MostBytes || (Produced > Free && Produced / MostRatio > packed.Length - _packedStart))
        {
            throw new InvalidDataException("L'image compressée se déplie en un fichier démesuré.");
        }

        return read > 0;
    }
}
