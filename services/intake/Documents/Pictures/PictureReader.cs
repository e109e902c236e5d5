using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Intake.Documents.Pictures;

/// <summary>
/// Has pictures decoded in a child process (<see cref="PictureChild"/>) that has 2 GB of address space, 25 s of processor time, no file to write (of a
/// HEIC: in memory alone), no environment of ours and, where the system allows it, no network. Whatever a picture does to its decoder ends there.
/// </summary>
internal sealed partial class PictureReader(ILogger<PictureReader> logger)
{
    /// <summary>A larger file is not given to a decoder.</summary>
    public const long MostBytes = 150L * 1000 * 1000;

    private const string Memory = "/dev/shm";
    private const int MostFacts = 4096;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);
    private static readonly Lazy<bool> CanLeaveTheNetwork = new(() => Try("unshare", "-rn", "true"));

    private static readonly string Host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>What came of a picture.</summary>
    /// <param name="Facts">Its verdict and measures.</param>
    /// <param name="Preview">A small JPEG; null unless decoded.</param>
    internal sealed record Decoded(PictureFacts Facts, byte[]? Preview);

    /// <param name="file">From its beginning.</param>
    /// <param name="mediaType">Recognised by its first bytes.</param>
    /// <param name="takeShown">Takes the JPEG or PDF in place of a kind that not every program opens.</param>
    /// <exception cref="InvalidOperationException">The child does not start here: not the picture's fault.</exception>
    public async Task<Decoded> Read(Stream file, string mediaType, Func<Stream, Task> takeShown)
    {
        if (file.Length > MostBytes)
        {
            return new Decoded(new PictureFacts("too_large"), null);
        }

        // Of a HEIC the decoder makes a file first: it goes to a folder in memory that nobody else reads, and leaves with the child.
        var folder = mediaType == FileKind.Heic
            ? Directory.CreateDirectory(Path.Combine(Memory, $"secondopinion-{Guid.CreateVersion7():N}"), UnixFileMode.UserRead | UnixFileMode.UserWrite
                | UnixFileMode.UserExecute).FullName
            : null;
        using var child = Process.Start(Start(mediaType, folder)) ?? throw new InvalidOperationException("The picture process did not start.");
        using var limit = new CancellationTokenSource(Longest);
        try
        {
            file.Position = 0;
            var feeding = Feed(file, child, limit.Token);
            var errors = child.StandardError.ReadToEndAsync(limit.Token);
            var (decoded, isReady) = await Frames(child.StandardOutput.BaseStream, takeShown, limit.Token);
            await feeding;
            if (decoded is not null)
            {
                return decoded;
            }

            await child.WaitForExitAsync(limit.Token);
            if (!isReady)
            {
                throw new InvalidOperationException($"The picture process does not run here (exit {child.ExitCode}): {await errors}");
            }

            Log.Died(logger, mediaType, child.ExitCode);
            return new Decoded(new PictureFacts("too_large"), null);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            Log.TooLong(logger, mediaType);
            return new Decoded(new PictureFacts("too_large"), null);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill(entireProcessTree: true);
                await child.WaitForExitAsync(CancellationToken.None);
            }

            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task Feed(Stream file, Process child, CancellationToken cancel)
    {
        try
        {
            await file.CopyToAsync(child.StandardInput.BaseStream, cancel);
            child.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended before it read all: its frames say why.
        }
    }

    private static async Task<(Decoded? Decoded, bool IsReady)> Frames(Stream output, Func<Stream, Task> takeShown, CancellationToken cancel)
    {
        var head = new byte[5];
        byte[]? preview = null;
        var isReady = false;
        while (await output.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel) == head.Length)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1));
            switch ((PictureFrame)head[0])
            {
                case PictureFrame.Ready:
                    isReady = true;
                    break;
                case PictureFrame.Preview:
                    preview = await Bytes(output, length, 8 << 20, cancel);
                    break;
                case PictureFrame.Shown:
                    await takeShown(new Frame(output, length));
                    break;
                case PictureFrame.Facts:
                    return (new Decoded(JsonSerializer.Deserialize<PictureFacts>(await Bytes(output, length, MostFacts, cancel))!, preview), isReady);
                default:
                    throw new InvalidDataException("The picture process speaks another language.");
            }
        }

        return (null, isReady);
    }

    private static async Task<byte[]> Bytes(Stream output, int length, int most, CancellationToken cancel)
    {
        if (length < 0 || length > most)
        {
            throw new InvalidDataException("The picture process sends more than it may.");
        }

        var bytes = new byte[length];
        await output.ReadExactlyAsync(bytes, cancel);
        return bytes;
    }

    private static ProcessStartInfo Start(string mediaType, string? folder)
    {
        string[] command =
        [
            .. CanLeaveTheNetwork.Value ? (string[])["unshare", "-rn"] : [],
            "prlimit", "--as=2200000000", "--cpu=25", "--nofile=256", $"--fsize={(folder is null ? 0 : MostBytes)}", "--core=0",
            Host, typeof(PictureReader).Assembly.Location, PictureChild.Verb, mediaType,
        ];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        // Nothing of the service's settings: keys and passwords are among them.
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        if (folder is not null)
        {
            start.Environment["MAGICK_TEMPORARY_PATH"] = folder;
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = "24000000"; // 576 MB, hexadecimal
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        // Nothing here is sorted or spelt: the tables of languages stay where they are.
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        // Its mapping is a file, which the limit on files would forbid.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return start;
    }

    private static bool Try(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>So many bytes of the child's output.</summary>
    private sealed class Frame(Stream output, int length) : Stream
    {
        private int _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = _left == 0 ? 0 : await output.ReadAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
            // Nothing is ever written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A picture of kind {MediaType} ended its process with {Code}; it is refused")]
        public static partial void Died(ILogger logger, string mediaType, int code);

        [LoggerMessage(LogLevel.Warning, "A picture of kind {MediaType} took too long; it is refused")]
        public static partial void TooLong(ILogger logger, string mediaType);
    }
}
