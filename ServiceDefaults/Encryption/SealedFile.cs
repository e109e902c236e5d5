using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// A file sealed in chunks of 64 KiB, each with its own tag. The nonce of a chunk is its number and whether it is the last, under a key that seals
/// this one file: a chunk that is changed, moved, dropped or cut off at the end does not open. The document's id is authenticated too.
/// </summary>
public static class SealedFile
{
    public const int ChunkSize = 64 * 1024;
    internal const int TagSize = 16;
    internal static readonly byte[] Magic = "SODOC\0\0\u0001"u8.ToArray();

    internal static void Nonce(Span<byte> nonce, long chunk, bool last)
    {
        nonce.Clear();
        nonce[0] = last ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], chunk);
    }
}

/// <summary>Seals what is written to it; <see cref="Complete"/> writes the last chunk.</summary>
public sealed class SealedFileWriter(Stream file, byte[] key, Guid documentId) : IDisposable
{
    private readonly AesGcm _aes = new(key, SealedFile.TagSize);
    private readonly byte[] _id = documentId.ToByteArray();
    private readonly byte[] _plain = new byte[SealedFile.ChunkSize];
    private readonly byte[] _cipher = new byte[SealedFile.ChunkSize + SealedFile.TagSize];
    private int _held;
    private long _chunk = -1;

    public async ValueTask Write(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (data.Length > 0)
        {
            // A full chunk is held back until more comes: only then is it known not to be the last.
            if (_held == SealedFile.ChunkSize)
            {
                await Flush(last: false, cancel);
            }

            var take = Math.Min(data.Length, SealedFile.ChunkSize - _held);
            data[..take].CopyTo(_plain.AsMemory(_held));
            _held += take;
            data = data[take..];
        }
    }

    public ValueTask Complete(CancellationToken cancel) => Flush(last: true, cancel);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_plain);
        _aes.Dispose();
    }

    private async ValueTask Flush(bool last, CancellationToken cancel)
    {
        if (_chunk < 0)
        {
            await file.WriteAsync(SealedFile.Magic, cancel);
            _chunk = 0;
        }

        Encrypt(last);
        await file.WriteAsync(_cipher.AsMemory(0, _held + SealedFile.TagSize), cancel);
        _chunk++;
        _held = 0;
    }

    private void Encrypt(bool last)
    {
        Span<byte> nonce = stackalloc byte[12];
        SealedFile.Nonce(nonce, _chunk, last);
        _aes.Encrypt(nonce, _plain.AsSpan(0, _held), _cipher.AsSpan(0, _held), _cipher.AsSpan(_held, SealedFile.TagSize), _id);
    }
}

/// <summary>Reads a sealed file back, from anywhere; every byte it gives was checked first.</summary>
public sealed class SealedFileStream : Stream
{
    private readonly Stream _file;
    private readonly AesGcm _aes;
    private readonly byte[] _id;
    private readonly byte[] _plain = new byte[SealedFile.ChunkSize];
    private readonly byte[] _cipher = new byte[SealedFile.ChunkSize + SealedFile.TagSize];
    private readonly long _chunks;
    private long _loaded = -1;
    private int _loadedLength;

    /// <exception cref="CryptographicException">The file is not one of ours or its length is impossible.</exception>
    public SealedFileStream(Stream file, byte[] key, Guid documentId)
    {
        _file = file;
        _aes = new AesGcm(key, SealedFile.TagSize);
        _id = documentId.ToByteArray();
        const int sealedChunk = SealedFile.ChunkSize + SealedFile.TagSize;
        var magic = new byte[SealedFile.Magic.Length];
        var body = file.Length - magic.Length;
        if (body < SealedFile.TagSize || file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length
            || !magic.AsSpan().SequenceEqual(SealedFile.Magic))
        {
            throw new CryptographicException("This is not a sealed file.");
        }

        _chunks = (body + sealedChunk - 1) / sealedChunk;
        Length = body - _chunks * SealedFile.TagSize;
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
        _file.Position = SealedFile.Magic.Length + chunk * (SealedFile.ChunkSize + SealedFile.TagSize);
        var read = _file.ReadAtLeast(_cipher, _cipher.Length, throwOnEndOfStream: false);
        var length = read - SealedFile.TagSize;
        if (length < 0)
        {
            throw new CryptographicException("The sealed file is cut off.");
        }

        Span<byte> nonce = stackalloc byte[12];
        SealedFile.Nonce(nonce, chunk, last: chunk == _chunks - 1);
        _aes.Decrypt(nonce, _cipher.AsSpan(0, length), _cipher.AsSpan(length, SealedFile.TagSize), _plain.AsSpan(0, length), _id);
        _loaded = chunk;
        _loadedLength = length;
    }
}
