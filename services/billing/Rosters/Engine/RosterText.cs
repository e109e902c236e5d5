using System.Text;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// A roster file as one kind of text, however Excel, LibreOffice or a mainframe wrote it: UTF-8 with or without its mark, UTF-16 in both orders ("Unicode text"
/// of Excel), lines that end in LF, CRLF or CR alone. Windows-1252 stays as it is: where a byte is no UTF-8, the field that holds it is read as that.
/// </summary>
internal static class RosterText
{
    private const int LookAt = 4096;

    /// <summary>What was read to find out, and the rest; both UTF-8 with LF or CRLF.</summary>
    public static async Task<(byte[] Begun, Stream Following)> Open(Stream file, CancellationToken cancel)
    {
        var buffer = new byte[LookAt];
        var begun = buffer.AsMemory(0, await file.ReadAtLeastAsync(buffer, LookAt, throwOnEndOfStream: false, cancel));
        if (Wide(begun.Span) is { } encoding)
        {
            file = Encoding.CreateTranscodingStream(new Prefixed(begun, file), encoding, Encoding.UTF8);
            buffer = new byte[LookAt];
            begun = buffer.AsMemory(0, await file.ReadAtLeastAsync(buffer, LookAt, throwOnEndOfStream: false, cancel));
        }

        if (begun.Span.StartsWith(Encoding.UTF8.Preamble))
        {
            begun = begun[Encoding.UTF8.Preamble.Length..];
        }

        // CR alone ends lines when the first line end is one; where CRLF is mixed in, the empty lines that come of it do not count.
        var end = begun.Span.IndexOfAny((byte)'\r', (byte)'\n');
        if (end >= 0 && end + 1 < begun.Length && begun.Span[end] == (byte)'\r' && begun.Span[end + 1] != (byte)'\n')
        {
            begun.Span.Replace((byte)'\r', (byte)'\n');
            file = new CarriageReturns(file);
        }

        return (begun.ToArray(), file);
    }

    /// <summary>By its mark; without one, by the zeros that ASCII text has at every second byte.</summary>
    private static Encoding? Wide(ReadOnlySpan<byte> begun) => begun switch
    {
        [0xFF, 0xFE, ..] => Encoding.Unicode,
        [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode,
        [not 0, 0, not 0, 0, ..] => Encoding.Unicode,
        [0, not 0, 0, not 0, ..] => Encoding.BigEndianUnicode,
        _ => null,
    };

    private abstract class Reading : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class Prefixed(ReadOnlyMemory<byte> prefix, Stream rest) : Reading
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override int Read(Span<byte> buffer)
        {
            if (_prefix.IsEmpty)
            {
                return rest.Read(buffer);
            }

            var read = Math.Min(_prefix.Length, buffer.Length);
            _prefix.Span[..read].CopyTo(buffer);
            _prefix = _prefix[read..];
            return read;
        }
    }

    private sealed class CarriageReturns(Stream inner) : Reading
    {
        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            buffer[..read].Replace((byte)'\r', (byte)'\n');
            return read;
        }
    }
}
