using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Intake.Documents;

/// <summary>Where documents live. <c>Documents:Path</c> is a folder of this service alone.</summary>
internal sealed class DocumentOptions : ISettings
{
    public static string Section => "Documents";

    public string Path { get; set; } = "";

    /// <summary>Bytes of one file; 300 MB unless set (an MRI series as one file).</summary>
    public long MaxBytes { get; set; } = 300L * 1000 * 1000;

    public int MaxPerCase { get; set; } = 100;

    /// <summary>A file without a row is somebody's interrupted upload once it is this old; room promised to an upload is free again.</summary>
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long a file that was removed or set aside can still be brought back.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The share of all documents that one sweep may set aside; more means that the database lacks rows.</summary>
    public double SweepShare { get; set; } = 0.02;

    /// <summary>As many may always be set aside: a crash leaves one or two.</summary>
    public int SweepFloor { get; set; } = 2;

    /// <summary>Bytes of all documents of a case; 2 GB unless set.</summary>
    public long MaxBytesPerCase { get; set; } = 2L * 1000 * 1000 * 1000;

    /// <summary>Bytes of all documents of a person, over all cases; 6 GB unless set.</summary>
    public long MaxBytesPerPerson { get; set; } = 6L * 1000 * 1000 * 1000;

    /// <summary>Below this much free space on the folder's volume no document is taken; 1 GB unless set.</summary>
    public long FreeFloorBytes { get; set; } = 1000L * 1000 * 1000;

    public string? Fault() => Path.Length > 0
        ? null
        : "Documents:Path is not set: intake has nowhere to keep documents. Set it to a folder of this service; AppHost does it for local runs.";
}

/// <summary>
/// Sealed files on disk. A file is named by the document's id, never by what the user called it, and is whole and on the disk before its row is committed.
/// </summary>
internal sealed class DocumentStore
{
    private const string Aside = ".aside";
    private readonly string _root;
    private readonly TimeProvider _time;

    public DocumentStore(DocumentOptions options, TimeProvider time)
    {
        _time = time;
        _root = Path.GetFullPath(options.Path);
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

    /// <summary>For good: only for what no row ever named.</summary>
    public void Delete(Guid id) => File.Delete(PathOf(id));

    /// <summary>Out of sight, and still there for the retention.</summary>
    public void SetAside(Guid id)
    {
        if (File.Exists(PathOf(id)))
        {
            File.SetLastWriteTimeUtc(PathOf(id), _time.GetUtcNow().UtcDateTime);
            File.Move(PathOf(id), PathOf(id) + Aside);
        }
    }

    public void BringBack(Guid id) => File.Move(PathOf(id) + Aside, PathOf(id));

    public IEnumerable<Guid> All() => Ids("*.sealed");

    public IEnumerable<Guid> AllSetAside() => Ids("*.sealed" + Aside);

    /// <returns>How many.</returns>
    public int RemoveSetAsideBefore(DateTimeOffset before)
    {
        var old = Directory.EnumerateFiles(_root, "*.sealed" + Aside, SearchOption.AllDirectories)
            .Where(path => File.GetLastWriteTimeUtc(path) < before.UtcDateTime).ToList();
        old.ForEach(File.Delete);
        return old.Count;
    }

    /// <summary>The id of the database whose documents these are; null in a folder that was never bound.</summary>
    public Guid? Installation() => File.Exists(InstallationFile) ? Guid.Parse(File.ReadAllText(InstallationFile)) : null;

    /// <returns>The id that the folder carries now: another instance may have been first.</returns>
    public Guid Bind(Guid id)
    {
        var mine = $"{InstallationFile}.{Guid.CreateVersion7():N}";
        File.WriteAllText(mine, id.ToString());
        try
        {
            // Whole or not at all, and never over another one.
            File.Move(mine, InstallationFile, overwrite: false);
        }
        catch (IOException) when (File.Exists(InstallationFile))
        {
            File.Delete(mine);
        }

        return Installation()!.Value;
    }

    /// <summary>Of the volume that holds the folder.</summary>
    public long FreeBytes() => new DriveInfo(_root).AvailableFreeSpace;

    /// <summary>Ids of the files that were last written before <paramref name="before"/>.</summary>
    public IEnumerable<Guid> WrittenBefore(DateTimeOffset before) => Ids("*.sealed").Where(id => File.GetLastWriteTimeUtc(PathOf(id)) < before.UtcDateTime);

    private IEnumerable<Guid> Ids(string pattern) =>
        Directory.EnumerateFiles(_root, pattern, SearchOption.AllDirectories)
            .Select(path => Guid.TryParseExact(Path.GetFileName(path).Split('.')[0], "N", out var id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty);

    private string InstallationFile => Path.Combine(_root, "installation.id");

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
