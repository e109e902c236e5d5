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

    /// <summary>Bytes of one file in one request; 300 MB unless set (an MRI series as one file).</summary>
    public long MaxBytes { get; set; } = 300L * 1000 * 1000;

    /// <summary>Bytes of one file that may be sent in pieces; 2 GiB unless set (a hospital's CD).</summary>
    public long MaxUploadBytes { get; set; } = 2L << 30;

    /// <summary>How long an upload that nobody goes on with is kept, and its room.</summary>
    public TimeSpan UploadLife { get; set; } = TimeSpan.FromHours(48);

    public int MaxPerCase { get; set; } = 100;

    /// <summary>A file without a row is somebody's interrupted upload once it is this old; room promised to an upload is free again.</summary>
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long a file that was removed or set aside can still be brought back.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The share of all documents that one sweep may set aside; more means that the database lacks rows.</summary>
    public double SweepShare { get; set; } = 0.02;

    /// <summary>As many may always be set aside: a crash leaves one or two.</summary>
    public int SweepFloor { get; set; } = 2;

    /// <summary>Bytes of all documents of a case; 20 GB unless set.</summary>
    public long MaxBytesPerCase { get; set; } = 20L * 1000 * 1000 * 1000;

    /// <summary>Bytes of all documents of a person, over all cases; 40 GB unless set.</summary>
    public long MaxBytesPerPerson { get; set; } = 40L * 1000 * 1000 * 1000;

    /// <summary>Below this much free space on the folder's volume no document is taken; 1 GB unless set.</summary>
    public long FreeFloorBytes { get; set; } = 1000L * 1000 * 1000;

    /// <summary>Where clamd listens for TCP; nothing is scanned unless set. Its <c>StreamMaxLength</c> must be at least <see cref="MaxUploadBytes"/>.</summary>
    public string ClamdHost { get; set; } = "";

    public int ClamdPort { get; set; } = 3310;

    public string? Fault() => Path.Length > 0
        ? null
        : "Documents:Path is not set: intake has nowhere to keep documents. Set it to a folder of this service; AppHost does it for local runs.";
}

/// <summary>Files of one document.</summary>
internal enum DocumentPart
{
    /// <summary>As it was uploaded.</summary>
    Whole,

    /// <summary>What is shown in its place.</summary>
    Shown,

    /// <summary>A small picture of it.</summary>
    Preview,
}

/// <summary>
/// Sealed files on disk. A file is named by the document's id, never by what the user called it, and is whole and on the disk before its row is committed.
/// </summary>
internal sealed class DocumentStore
{
    private const string Aside = ".aside";
    private static readonly DocumentPart[] Parts = Enum.GetValues<DocumentPart>();
    private const int BufferSize = 256 * 1024;
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
    public async Task<StoredFile> Write(Guid id, Stream source, long maxBytes, CancellationToken cancel, DocumentPart part = DocumentPart.Whole)
    {
        var key = RandomNumberGenerator.GetBytes(Envelope.KeySize);
        var path = PathOf(id, part);
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
                var buffer = new byte[BufferSize];
                while (await source.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel) is > 0 and var read)
                {
                    size += read;
                    if (size > maxBytes)
                    {
                        throw new DocumentTooLargeException();
                    }

                    // Hashing is the slower half: it runs beside the sealing.
                    var hashed = Task.Run(() => hash.AppendData(buffer, 0, read), CancellationToken.None);
                    await writer.Write(buffer.AsMemory(0, read), cancel);
                    await hashed;
                }

                await writer.Complete(cancel);
                file.Flush(flushToDisk: true);
            }

            FlushFolder(Path.GetDirectoryName(path)!);
            return new StoredFile(id, key, size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    public SealedFileStream Open(Guid id, byte[] key, DocumentPart part = DocumentPart.Whole) =>
        new(new FileStream(PathOf(id, part), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0), key, id);

    /// <summary>Where an upload that is not whole yet is kept, sealed.</summary>
    public string PartOf(Guid id) => PathOf(id) + ".part";

    public bool HasPart(Guid id) => File.Exists(PartOf(id));

    /// <summary>The upload is whole: from now on a document like any other.</summary>
    public void Take(Guid id)
    {
        File.Move(PartOf(id), PathOf(id), overwrite: true);
        FlushFolder(Path.GetDirectoryName(PathOf(id))!);
    }

    public void DeletePart(Guid id)
    {
        File.Delete(PartOf(id));
        File.Delete(PathOf(id) + ".lock");
    }

    public IEnumerable<Guid> AllParts() => Ids("*.sealed.part");

    /// <summary>One at a time writes to an upload, whichever instance asks; null when it is not your turn.</summary>
    public IDisposable? TurnOf(Guid id)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(id))!);
        try
        {
            return new FileStream(PathOf(id) + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException)
        {
            // The file system's own lock, which a process that dies lets go.
            return null;
        }
    }

    /// <summary>For good: only for what no row ever named.</summary>
    public void Delete(Guid id) => Array.ForEach(Parts, part => File.Delete(PathOf(id, part)));

    /// <summary>For good, whatever there is of it: its case is erased.</summary>
    public void Erase(Guid id)
    {
        foreach (var path in Parts.Select(part => PathOf(id, part)))
        {
            File.Delete(path);
            File.Delete(path + Aside);
        }

        DeletePart(id);
    }

    /// <summary>What was made of a document that is not taken.</summary>
    public void DeleteParts(Guid id) => Array.ForEach([DocumentPart.Shown, DocumentPart.Preview], part => File.Delete(PathOf(id, part)));

    /// <summary>Out of sight, and still there for the retention.</summary>
    public void SetAside(Guid id)
    {
        foreach (var path in Parts.Select(part => PathOf(id, part)).Where(File.Exists))
        {
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
            File.Move(path, path + Aside);
        }
    }

    public void BringBack(Guid id)
    {
        foreach (var path in Parts.Select(part => PathOf(id, part)).Where(path => File.Exists(path + Aside)))
        {
            File.Move(path + Aside, path);
        }
    }

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
    public IEnumerable<Guid> WrittenBefore(DateTimeOffset before) =>
        Ids("*.sealed", path => File.GetLastWriteTimeUtc(path) < before.UtcDateTime);

    private IEnumerable<Guid> Ids(string pattern, Func<string, bool>? which = null) =>
        Directory.EnumerateFiles(_root, pattern, SearchOption.AllDirectories)
            .Where(path => which is null || which(path))
            .Select(path => Guid.TryParseExact(Path.GetFileName(path).Split('.')[0], "N", out var id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty)
            .Distinct();

    private string InstallationFile => Path.Combine(_root, "installation.id");

    /// <summary>The last two digits spread files evenly; the first ones of a UUID v7 are its time.</summary>
    private string PathOf(Guid id, DocumentPart part = DocumentPart.Whole)
    {
        var name = id.ToString("N");
        var which = part switch { DocumentPart.Shown => ".shown", DocumentPart.Preview => ".preview", _ => "" };
        return Path.Combine(_root, name[^2..], $"{name}{which}.sealed");
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
    public static readonly SealedPlace RenditionKey = new("document", "sealed_rendition_key");
    public static readonly SealedPlace PreviewKey = new("document", "sealed_preview_key");
    public static readonly SealedPlace Facts = new("document", "sealed_facts");
}

/// <param name="Key">The file's own key, to be sealed under the case's.</param>
/// <param name="Sha256">Of the plain bytes, hexadecimal.</param>
internal sealed record StoredFile(Guid Id, byte[] Key, long Size, string Sha256);

internal sealed class DocumentTooLargeException : Exception;
