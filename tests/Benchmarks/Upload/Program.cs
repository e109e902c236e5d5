using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Documents.Uploads;
using SecondOpinion.ServiceDefaults.Encryption;

// ./bench upload: a document sealed (AES-256-GCM in chunks), hashed and flushed to the disk as intake does it, in one request and in pieces, beside the
// programs that every machine has: `openssl enc` and `sha256sum` of the same file, one after the other and side by side, flushed as well. The faster of those
// two is the peer.
var quick = args.Contains("--quick");
var bytes = quick ? 512L << 20 : 2L << 30;
var rounds = quick ? 2 : 3;
var folder = Directory.CreateTempSubdirectory("secondopinion-bench-").FullName;
try
{
    var file = Path.Combine(folder, "scan.bin");
    await Write(file);
    var store = new DocumentStore(new DocumentOptions { Path = Path.Combine(folder, "documents") }, TimeProvider.System);
    var times = new Dictionary<string, List<double>>();
    for (var round = 0; round < rounds; round++)
    {
        // In turns, so that a machine that changes its speed changes it for all.
        await Time("one request", OneRequest);
        await Time("in pieces", InPieces);
        await Time("openssl, then sha256sum", () => Shell(
            $"openssl enc -aes-256-ctr -pbkdf2 -pass pass:bench -in {file} -out {file}.enc && sync {file}.enc && sha256sum {file}"));
        await Time("openssl beside sha256sum", () => Shell(
            $"tee < {file} >(sha256sum > {file}.sum) | openssl enc -aes-256-ctr -pbkdf2 -pass pass:bench -out {file}.enc && sync {file}.enc && wait"));
    }

    Report();

    async Task Time(string what, Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        (times.TryGetValue(what, out var all) ? all : times[what] = []).Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    async Task OneRequest()
    {
        await using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
        var stored = await store.Write(Guid.CreateVersion7(), source, long.MaxValue, CancellationToken.None);
        store.Delete(stored.Id);
    }

    // As tus brings it: 32 MB at a time are flushed and confirmed, and the file is gone on with.
    async Task InPieces()
    {
        var (id, key) = (Guid.CreateVersion7(), RandomNumberGenerator.GetBytes(Envelope.KeySize));
        var path = store.PartOf(id);
        await using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[256 * 1024];
        for (long at = 0; at < bytes;)
        {
            await using var part = await UploadFile.GoOn(path, key, id, at, CancellationToken.None);
            while (part.Length < Math.Min(bytes, at + (32L << 20)) && await source.ReadAsync(buffer) is > 0 and var read)
            {
                var hashed = Task.Run(() => hash.AppendData(buffer, 0, read));
                await part.Write(buffer.AsMemory(0, read), CancellationToken.None);
                await hashed;
            }

            await part.Keep(CancellationToken.None);
            at = part.Length;
        }

        await UploadFile.Complete(path, key, id, bytes, CancellationToken.None);
        store.DeletePart(id);
    }

    void Report()
    {
        var invariant = CultureInfo.InvariantCulture;
        var speed = times.ToDictionary(t => t.Key, t => bytes / 1e6 / t.Value.Min());
        var peer = Math.Max(speed["openssl, then sha256sum"], speed["openssl beside sha256sum"]);
        foreach (var (what, rate) in speed)
        {
            Console.WriteLine(string.Create(invariant, $"{what,-26}{rate,8:0} MB/s{rate / peer,8:0.00}"));
        }

        var memory = Process.GetCurrentProcess().PeakWorkingSet64 / 1e6;
        Console.WriteLine(string.Create(invariant, $"{bytes / 1e6:0} MB, best of {rounds}; memory of this process at most {memory:0} MB"));
        File.WriteAllText("artifacts/bench/upload.json", JsonSerializer.Serialize(new
        {
            bytes,
            rounds,
            mb_per_second = speed,
            ratio_vs_openssl = speed["one request"] / peer,
            ratio_vs_openssl_in_pieces = speed["in pieces"] / peer,
            goal = 0.8,
            peak_memory_mb = memory,
        }, new JsonSerializerOptions { WriteIndented = true }));
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

async Task Write(string path)
{
    await using var target = File.Create(path);
    var block = RandomNumberGenerator.GetBytes(1 << 20);
    for (long at = 0; at < bytes; at += block.Length)
    {
        await target.WriteAsync(block);
    }
}

async Task Shell(string command)
{
    using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", $"set -o pipefail; {command}"]) { RedirectStandardOutput = true })!;
    await shell.StandardOutput.ReadToEndAsync();
    await shell.WaitForExitAsync();
    if (shell.ExitCode != 0)
    {
        throw new InvalidOperationException($"'{command}' ended with {shell.ExitCode}.");
    }
}
