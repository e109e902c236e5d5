using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// A file sealed in chunks of 64 KiB under a key that seals this one file: nonce, ciphertext, tag each. The document's id, the chunk's number and whether it
/// is the last are authenticated: a chunk that is changed, moved, dropped or cut off at the end does not open. The nonce is drawn anew each time, so that the
/// chunk at which an interrupted upload goes on may be sealed again. (Files of the first form, whose nonce is the chunk's number, stay readable.)
/// </summary>
public static class SealedFile
{
    public const int ChunkSize = 64 * 1024;

    /// <summary>What a chunk has on disk beyond its bytes.</summary>
    public const int Overhead = NonceSize + TagSize;

    internal const int NonceSize = 12;
    internal const int TagSize = 16;
    internal const int MagicSize = 8;

    /// <summary>Bytes of a file that are written at one time.</summary>
    internal const int ChunksAtOnce = 16;

    internal static readonly byte[] First = "SODOC\0\0\u0001"u8.ToArray();
    internal static readonly byte[] Magic = "SODOC\0\0\u0002"u8.ToArray();

    /// <summary>Where a chunk begins on disk.</summary>
    public static long PlaceOf(long chunk) => MagicSize + chunk * (ChunkSize + Overhead);

    /// <summary>Plain bytes in a file of this length that is not complete, torn last chunk included.</summary>
    public static long PlainLength(long onDisk) =>
        onDisk <= MagicSize ? 0 : (onDisk - MagicSize) / (ChunkSize + Overhead) * ChunkSize
            + Math.Max(0, (onDisk - MagicSize) % (ChunkSize + Overhead) - Overhead);

    internal static void FirstNonce(Span<byte> nonce, long chunk, bool last)
    {
        nonce.Clear();
        nonce[0] = last ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], chunk);
    }

    internal static void Place(Span<byte> place, Guid id, long chunk, bool last)
    {
        id.TryWriteBytes(place);
        BinaryPrimitives.WriteInt64BigEndian(place[16..], chunk);
        place[24] = last ? (byte)1 : (byte)0;
    }
}

/// <summary>Seals what is written to it; <see cref="Complete"/> writes the last chunk.</summary>
/// <param name="file">Stands where the first chunk goes; a mebibyte is written at a time.</param>
/// <param name="key">Seals this file alone.</param>
/// <param name="documentId">Whose it is.</param>
/// <param name="firstChunk">Above 0 when a file that was begun goes on.</param>
public sealed class SealedFileWriter(Stream file, byte[] key, Guid documentId, long firstChunk = 0) : IDisposable
{
    private const int OnDisk = SealedFile.ChunkSize + SealedFile.Overhead;
    private readonly AesGcm _aes = new(key, SealedFile.TagSize);
    private readonly byte[] _plain = new byte[SealedFile.ChunkSize];
    private readonly byte[] _out = new byte[SealedFile.MagicSize + OnDisk * SealedFile.ChunksAtOnce];
    private int _held;
    private int _ready;
    private long _chunk = firstChunk;

    public async ValueTask Write(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (data.Length > 0)
        {
            // A full chunk is held back until more comes: only then is it known not to be the last.
            if (_held == SealedFile.ChunkSize)
            {
                await SealHeld(last: false, cancel);
            }

            if (_held == 0 && data.Length > SealedFile.ChunkSize)
            {
                await Seal(data[..SealedFile.ChunkSize], last: false, cancel);
                data = data[SealedFile.ChunkSize..];
                continue;
            }

            var take = Math.Min(data.Length, SealedFile.ChunkSize - _held);
            data[..take].CopyTo(_plain.AsMemory(_held));
            _held += take;
            data = data[take..];
        }
    }

    /// <summary>The file is whole.</summary>
    public async ValueTask Complete(CancellationToken cancel)
    {
        await SealHeld(last: true, cancel);
        await Flush(cancel);
    }

    /// <summary>What came so far is written, although more is to come: the chunk that was begun will be sealed again.</summary>
    public async ValueTask Pause(CancellationToken cancel)
    {
        if (_held > 0)
        {
            await SealHeld(last: false, cancel);
        }

        await Flush(cancel);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_plain);
        _aes.Dispose();
    }

    private async ValueTask SealHeld(bool last, CancellationToken cancel)
    {
        var held = _held;
        _held = 0;
        await Seal(_plain.AsMemory(0, held), last, cancel);
    }

    private async ValueTask Seal(ReadOnlyMemory<byte> plain, bool last, CancellationToken cancel)
    {
        if (_chunk == 0)
        {
            SealedFile.Magic.CopyTo(_out, 0);
            _ready = SealedFile.MagicSize;
        }

        _ready += Seal(plain.Span, last, _out.AsSpan(_ready));
        _chunk++;
        if (_ready > OnDisk * (SealedFile.ChunksAtOnce - 1) + SealedFile.MagicSize)
        {
            await Flush(cancel);
        }
    }

    private int Seal(ReadOnlySpan<byte> plain, bool last, Span<byte> target)
    {
        var nonce = target[..SealedFile.NonceSize];
        RandomNumberGenerator.Fill(nonce);
        Span<byte> place = stackalloc byte[25];
        SealedFile.Place(place, documentId, _chunk, last);
        _aes.Encrypt(
            nonce, plain, target.Slice(SealedFile.NonceSize, plain.Length), target.Slice(SealedFile.NonceSize + plain.Length, SealedFile.TagSize), place);
        return plain.Length + SealedFile.Overhead;
    }

    private async ValueTask Flush(CancellationToken cancel)
    {
        var ready = _ready;
        _ready = 0;
        await file.WriteAsync(_out.AsMemory(0, ready), cancel);
    }
}

/// <summary>Reads a sealed file back, from anywhere; every byte it gives was checked first.</summary>
public sealed class SealedFileStream : Stream
{
    private readonly Stream _file;
    private readonly AesGcm _aes;
    private readonly Guid _id;
    private readonly bool _isFirstForm;
    private readonly bool _isWhole;
    private readonly int _onDisk;
    private readonly byte[] _plain = new byte[SealedFile.ChunkSize];
    private readonly byte[] _cipher = new byte[SealedFile.ChunkSize + SealedFile.Overhead];
    private readonly long _chunks;
    private long _loaded = -1;
    private int _loadedLength;

    /// <param name="file">From its beginning.</param>
    /// <param name="key">That sealed it.</param>
    /// <param name="documentId">Whose it is.</param>
    /// <param name="isWhole">False while more is to come: then its last chunk is not marked as such.</param>
    /// <exception cref="CryptographicException">The file is not one of ours or its length is impossible.</exception>
    public SealedFileStream(Stream file, byte[] key, Guid documentId, bool isWhole = true)
    {
        _file = file;
        _aes = new AesGcm(key, SealedFile.TagSize);
        (_id, _isWhole) = (documentId, isWhole);
        var magic = new byte[SealedFile.MagicSize];
        var read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        _isFirstForm = magic.AsSpan().SequenceEqual(SealedFile.First);
        var overhead = _isFirstForm ? SealedFile.TagSize : SealedFile.Overhead;
        var body = file.Length - magic.Length;
        if (read < magic.Length || body < overhead || !(_isFirstForm || magic.AsSpan().SequenceEqual(SealedFile.Magic)))
        {
            throw new CryptographicException("This is not a sealed file.");
        }

        _onDisk = SealedFile.ChunkSize + overhead;
        _chunks = (body + _onDisk - 1) / _onDisk;
        Length = body - _chunks * overhead;
    }

    public override long Length { get; }

    public override long Position { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (Position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        Load(Position / SealedFile.ChunkSize);
        var start = (int)(Position % SealedFile.ChunkSize);
        var take = Math.Min(buffer.Length, _loadedLength - start);
        _plain.AsSpan(start, take).CopyTo(buffer);
        Position += take;
        return take;
    }

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
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
            CryptographicOperations.ZeroMemory(_plain);
            _aes.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Load(long chunk)
    {
        if (chunk == _loaded)
        {
            return;
        }

        _loaded = -1;
        _file.Position = SealedFile.MagicSize + chunk * _onDisk;
        var read = _file.ReadAtLeast(_cipher.AsSpan(0, _onDisk), _onDisk, throwOnEndOfStream: false);
        var length = read - (_onDisk - SealedFile.ChunkSize);
        if (length < 0)
        {
            throw new CryptographicException("The sealed file is cut off.");
        }

        Open(chunk, length, last: _isWhole && chunk == _chunks - 1);
        _loaded = chunk;
        _loadedLength = length;
    }

    private void Open(long chunk, int length, bool last)
    {
        if (_isFirstForm)
        {
            Span<byte> number = stackalloc byte[SealedFile.NonceSize];
            SealedFile.FirstNonce(number, chunk, last);
            _aes.Decrypt(number, _cipher.AsSpan(0, length), _cipher.AsSpan(length, SealedFile.TagSize), _plain.AsSpan(0, length), _id.ToByteArray());
            return;
        }

        Span<byte> place = stackalloc byte[25];
        SealedFile.Place(place, _id, chunk, last);
        _aes.Decrypt(
            _cipher.AsSpan(0, SealedFile.NonceSize), _cipher.AsSpan(SealedFile.NonceSize, length),
            _cipher.AsSpan(SealedFile.NonceSize + length, SealedFile.TagSize), _plain.AsSpan(0, length), place);
    }
}
