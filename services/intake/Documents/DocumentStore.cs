using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace SecondOpinion.Intake.Documents;

/// <summary>Where documents live. <c>Documents:Path</c> is a folder of this service alone.</summary>
internal sealed class DocumentOptions
{
    public required string Path { get; init; }

    /// <summary>Bytes of one file; 300 MB unless set (an MRI series as one file).</summary>
    public long MaxBytes { get; init; } = 300L * 1000 * 1000;

    public int MaxPerCase { get; init; } = 100;

    /// <summary>A file without a row is somebody's interrupted upload once it is this old.</summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(6);

    /// <exception cref="InvalidOperationException">The folder is not set.</exception>
    public static DocumentOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection("Documents");
        var defaults = new DocumentOptions { Path = "" };
        return new DocumentOptions
        {
            Path = section["Path"] is { Length: > 0 } path ? System.IO.Path.GetFullPath(path) : throw new InvalidOperationException(
                "Documents:Path is not set: intake has nowhere to keep documents. Set it to a folder of this service; AppHost does it for local runs."),
            MaxBytes = section.GetValue("MaxBytes", defaults.MaxBytes),
            MaxPerCase = section.GetValue("MaxPerCase", defaults.MaxPerCase),
            OrphanAge = section.GetValue("OrphanAge", defaults.OrphanAge),
        };
    }
}

/// <summary>
/// Sealed files on disk. A file is named by the document's id, never by what the user called it, and is whole and on the disk before its row is committed.
/// </summary>
internal sealed class DocumentStore
{
    private readonly string _root;

    public DocumentStore(DocumentOptions options)
    {
        _root = options.Path;
        Directory.CreateDirectory(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Seals what comes from <paramref name="source"/> under a new key of its own. On any failure nothing is left on disk.</summary>
    /// <exception cref="DocumentTooLargeException">More than <paramref name="maxBytes"/> came.</exception>
    public async Task<StoredFile> Write(Guid id, Stream source, long maxBytes, CancellationToken cancel)
    {
        var key = RandomNumberGenerator.GetBytes(Envelope.KeySize);
        var path = PathOf(id);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long size = 0;
            await using (var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                using var writer = new SealedFileWriter(file, key, id);
                var buffer = new byte[SealedFile.ChunkSize];
                while (await source.ReadAsync(buffer, cancel) is > 0 and var read)
                {
                    size += read;
                    if (size > maxBytes)
                    {
                        throw new DocumentTooLargeException();
                    }

                    hash.AppendData(buffer, 0, read);
                    await writer.Write(buffer.AsMemory(0, read), cancel);
                }

                await writer.Complete(cancel);
                file.Flush(flushToDisk: true);
            }

            FlushFolder(Path.GetDirectoryName(path)!);
            return new StoredFile(id, key, size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        catch
        {
            Delete(id);
            throw;
        }
    }

    public SealedFileStream Open(Guid id, byte[] key) =>
        new(new FileStream(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0), key, id);

    public void Delete(Guid id) => File.Delete(PathOf(id));

    /// <summary>Ids of the files that were last written before <paramref name="before"/>.</summary>
    public IEnumerable<Guid> WrittenBefore(DateTimeOffset before) =>
        Directory.EnumerateFiles(_root, "*.sealed", SearchOption.AllDirectories)
            .Where(path => File.GetLastWriteTimeUtc(path) < before.UtcDateTime)
            .Select(path => Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "N", out var id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty);

    /// <summary>The last two digits spread files evenly; the first ones of a UUID v7 are its time.</summary>
    private string PathOf(Guid id)
    {
        var name = id.ToString("N");
        return Path.Combine(_root, name[^2..], name + ".sealed");
    }

    /// <summary>A file's name is in its folder: without this a crash could keep the row and lose the name.</summary>
    private static void FlushFolder(string path)
    {
        using var folder = new SafeFileHandle(open(path, 0), ownsHandle: true);
        if (folder.IsInvalid || fsync(folder) != 0)
        {
            throw new IOException($"The document folder could not be flushed (errno {Marshal.GetLastPInvokeError()}).");
        }
    }

    // .NET opens no folders, so the two calls are the C library's own.
    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(SafeFileHandle handle);
}

/// <summary>What of <c>document</c> is sealed, each for its row.</summary>
internal static class DocumentColumns
{
    public static readonly SealedPlace Name = new("document", "sealed_name");
    public static readonly SealedPlace Key = new("document", "sealed_key");
}

/// <param name="Key">The file's own key, to be sealed under the case's.</param>
/// <param name="Sha256">Of the plain bytes, hexadecimal.</param>
internal sealed record StoredFile(Guid Id, byte[] Key, long Size, string Sha256);

internal sealed class DocumentTooLargeException : Exception;
