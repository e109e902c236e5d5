using System.Security.Cryptography;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>
/// The sealed file of an upload that is not whole yet. What was confirmed is on the disk; a chunk that a crash tore is noticed and sent again. Nothing of it is
/// ever in clear outside of memory.
/// </summary>
internal sealed class UploadFile : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly SealedFileWriter _writer;

    private UploadFile(FileStream file, SealedFileWriter writer, long length) => (_file, _writer, Length) = (file, writer, length);

    /// <summary>Plain bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Goes on behind <paramref name="received"/> bytes; what stands behind them was never confirmed and is dropped.</summary>
    public static async Task<UploadFile> GoOn(string path, byte[] key, Guid id, long received, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            var length = Math.Min(received, SealedFile.PlainLength(file.Length));
            var chunk = length / SealedFile.ChunkSize;
            var kept = Chunk(path, key, id, chunk, (int)(length % SealedFile.ChunkSize));
            var place = chunk == 0 ? 0 : SealedFile.PlaceOf(chunk);
            // The chunk that was begun stays as it is until it is written anew, with the same beginning.
            file.Position = place;
            var writer = new SealedFileWriter(file, key, id, chunk);
            await writer.Write(kept, cancel);
            return new UploadFile(file, writer, chunk * SealedFile.ChunkSize + kept.Length);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>Marks the last chunk as the last. A crash at any moment of it is made up for by doing it again.</summary>
    /// <returns>The bytes that are there: fewer than <paramref name="size"/> when the last chunk was torn by a crash.</returns>
    public static async Task<long> Complete(string path, byte[] key, Guid id, long size, CancellationToken cancel)
    {
        var last = (size - 1) / SealedFile.ChunkSize;
        if (IsComplete(path, key, id, size))
        {
            return size;
        }

        await using var whole = await GoOn(path, key, id, size, cancel);
        if (whole.Length < size)
        {
            await whole.Keep(cancel);
            return whole.Length;
        }

        if (size % SealedFile.ChunkSize == 0)
        {
            // A full chunk is not among what was taken up again: it is sealed once more, as the last.
            var plain = Chunk(path, key, id, last, SealedFile.ChunkSize);
            if (plain.Length < SealedFile.ChunkSize)
            {
                return last * SealedFile.ChunkSize;
            }

            whole._file.Position = last == 0 ? 0 : SealedFile.PlaceOf(last);
            using var again = new SealedFileWriter(whole._file, key, id, last);
            await again.Write(plain, cancel);
            await again.Complete(cancel);
        }
        else
        {
            await whole._writer.Complete(cancel);
        }

        whole._file.SetLength(whole._file.Position);
        whole._file.Flush(flushToDisk: true);
        return size;
    }

    public async ValueTask Write(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        await _writer.Write(data, cancel);
        Length += data.Length;
    }

    /// <summary>Everything so far is on the disk. The file is then gone on with anew.</summary>
    public async Task Keep(CancellationToken cancel)
    {
        await _writer.Pause(cancel);
        _file.SetLength(_file.Position);
        _file.Flush(flushToDisk: true);
    }

    public async ValueTask DisposeAsync()
    {
        _writer.Dispose();
        await _file.DisposeAsync();
    }

    private static bool IsComplete(string path, byte[] key, Guid id, long size)
    {
        try
        {
            using var file = new SealedFileStream(Read(path), key, id);
            file.Position = (size - 1) / SealedFile.ChunkSize * SealedFile.ChunkSize;
            return file.Length == size && file.ReadByte() >= 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The first bytes of a chunk; none when it does not open.</summary>
    private static byte[] Chunk(string path, byte[] key, Guid id, long chunk, int count)
    {
        if (count == 0)
        {
            return [];
        }

        try
        {
            using var file = new SealedFileStream(Read(path), key, id, isWhole: false);
            var bytes = new byte[count];
            file.Position = chunk * SealedFile.ChunkSize;
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is CryptographicException or EndOfStreamException)
        {
            return [];
        }
    }

    private static FileStream Read(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
