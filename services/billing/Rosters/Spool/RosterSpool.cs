using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecondOpinion.Billing.Identity;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Billing.Rosters.Spool;

/// <summary>
/// Uploaded files until they are imported: on disk, each under a key of its own (derived from the hashing key), in segments of at most 1 MiB, each its length
/// and an <see cref="Envelope"/>: a segment cannot be changed, left out or exchanged. What was written survives a crash of the service, so an upload goes on
/// where it stood.
/// </summary>
internal sealed class RosterSpool(RosterOptions options, IdentityKeys keys)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int SegmentSize = 1 << 20;
    private const int LengthSize = 4;
    private const int HeaderSize = LengthSize + Envelope.Overhead;

    public bool Exists(Guid importId) => File.Exists(PathOf(importId));

    public void Create(Guid importId)
    {
        // Nobody but this process's user, whatever the umask and whoever made the folder.
        var creation = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        var folder = Directory.CreateDirectory(options.SpoolPath);
        if (!OperatingSystem.IsWindows())
        {
            folder.UnixFileMode = Private | UnixFileMode.UserExecute;
            creation.UnixCreateMode = Private;
        }

        using var file = new FileStream(PathOf(importId), creation);
        var keyId = Encoding.UTF8.GetBytes(keys.CurrentId);
        file.WriteByte((byte)keyId.Length);
        file.Write(keyId);
    }

    public void Delete(Guid importId) => File.Delete(PathOf(importId));

    /// <summary>Bytes received so far; a segment that a crash cut short does not count.</summary>
    /// <exception cref="SpoolBusyException">A piece is arriving.</exception>
    public long Length(Guid importId)
    {
        using var file = OpenAlone(importId, FileAccess.Read);
        return Walk(file).Length;
    }

    /// <summary>Adds what comes, until its end or its break; whatever came stays.</summary>
    /// <returns>The new length.</returns>
    /// <exception cref="SpoolBusyException">Somebody else is writing to it.</exception>
    public async Task<long> Append(Guid importId, Stream content, long limit, CancellationToken cancel)
    {
        await using var file = OpenAlone(importId, FileAccess.ReadWrite);
        var (length, end, keyId) = Walk(file);
        file.SetLength(end);
        file.Position = end;
        var key = Key(importId, keyId);
        var plain = ArrayPool<byte>.Shared.Rent(SegmentSize);
        var sealedSegment = ArrayPool<byte>.Shared.Rent(HeaderSize + SegmentSize);
        try
        {
            while (length < limit)
            {
                var size = 0;
                Exception? broken = null;
                try
                {
                    // Byte by byte, so that what came before a break is kept.
                    var want = (int)Math.Min(SegmentSize, limit - length);
                    int read;
                    while (size < want && (read = await content.ReadAsync(plain.AsMemory(size, want - size), cancel)) > 0)
                    {
                        size += read;
                    }
                }
                catch (Exception exception) when (exception is IOException or OperationCanceledException or BadHttpRequestException)
                {
                    broken = exception;
                }

                if (size > 0)
                {
                    file.Write(Seal(key, plain.AsSpan(0, size), sealedSegment, length));
                    length += size;
                }

                if (broken is not null || size == 0)
                {
                    file.Flush(flushToDisk: true);
                    return broken is null ? length : throw broken;
                }
            }

            file.Flush(flushToDisk: true);
            return length;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(sealedSegment);
        }
    }

    /// <summary>The file in clear, from its beginning.</summary>
    public Stream Open(Guid importId)
    {
        var file = new FileStream(PathOf(importId), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        var keyId = KeyId(file);
        return new Reader(file, Key(importId, keyId));
    }

    private FileStream OpenAlone(Guid importId, FileAccess access)
    {
        try
        {
            // An exclusive lock of the file system, which also holds between instances that share the folder.
            return new FileStream(PathOf(importId), FileMode.Open, access, FileShare.None);
        }
        catch (IOException exception) when (exception is not FileNotFoundException)
        {
            throw new SpoolBusyException();
        }
    }

    private static ReadOnlySpan<byte> Seal(byte[] key, ReadOnlySpan<byte> plain, byte[] target, long offset)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, plain.Length);
        var segment = target.AsSpan(0, HeaderSize + plain.Length);
        Envelope.Seal(key, plain, PlaceOf(offset), segment[LengthSize..]);
        return segment;
    }

    /// <summary>Of a segment, within the one file that its key seals.</summary>
    private static string PlaceOf(long offset) => string.Create(CultureInfo.InvariantCulture, $"roster upload from {offset}");

    private static (long Length, long End, string KeyId) Walk(FileStream file)
    {
        var keyId = KeyId(file);
        Span<byte> header = stackalloc byte[LengthSize];
        var (length, end) = (0L, file.Position);
        while (end + HeaderSize <= file.Length)
        {
            file.Position = end;
            file.ReadExactly(header);
            var size = BinaryPrimitives.ReadInt32BigEndian(header);
            if (size is <= 0 or > SegmentSize || end + HeaderSize + size > file.Length)
            {
                break;
            }

            length += size;
            end += HeaderSize + size;
        }

        return (length, end, keyId);
    }

    private static string KeyId(FileStream file)
    {
        Span<byte> id = stackalloc byte[256];
        file.Position = 0;
        var length = file.ReadByte();
        file.ReadExactly(id[..length]);
        return Encoding.UTF8.GetString(id[..length]);
    }

    private byte[] Key(Guid importId, string keyId) => keys.Derive(keyId, $"roster upload {importId}");

    private string PathOf(Guid importId) => Path.Combine(options.SpoolPath, $"{importId:n}.roster");

    private sealed class Reader(FileStream file, byte[] key) : Stream
    {
        private readonly byte[] _sealed = new byte[HeaderSize + SegmentSize];
        private readonly byte[] _plain = new byte[SegmentSize];
        private int _start;
        private int _end;
        private long _offset;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (_start == _end && !Next())
            {
                return 0;
            }

            var count = Math.Min(buffer.Length, _end - _start);
            _plain.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            CryptographicOperations.ZeroMemory(_plain);
            base.Dispose(disposing);
        }

        private bool Next()
        {
            if (file.ReadAtLeast(_sealed.AsSpan(0, HeaderSize), HeaderSize, throwOnEndOfStream: false) < HeaderSize)
            {
                return false;
            }

            var size = BinaryPrimitives.ReadInt32BigEndian(_sealed);
            file.ReadExactly(_sealed.AsSpan(HeaderSize, size));
            Envelope.Open(key, _sealed.AsSpan(LengthSize, Envelope.Overhead + size), PlaceOf(_offset), _plain.AsSpan(0, size));
            (_start, _end) = (0, size);
            _offset += size;
            return true;
        }
    }
}

/// <summary>Two pieces of one file arrive at once.</summary>
internal sealed class SpoolBusyException : Exception;
