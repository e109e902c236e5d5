using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>Section <c>Audit</c>: where the ends of the audit chain are noted, outside the database.</summary>
public sealed class AuditSettings : ISettings
{
    public static string Section => "Audit";

    /// <summary>A folder that who administers the database cannot write to: another volume, best one that only takes additions. Unset: no heads.</summary>
    public string? HeadsPath { get; set; }

    /// <summary>32 bytes in base64, held by the services alone: without it no line of the heads can be forged.</summary>
    public string Key { get; set; } = "";

    public string? Fault() => HeadsPath is null || Convert.TryFromBase64String(Key, new byte[64], out var length) && length == 32
        ? null
        : "Audit:Key must be 32 bytes in base64 where Audit:HeadsPath is set.";
}

/// <summary>An end of the chain, as it was noted.</summary>
/// <param name="IsOurs">Noted by a service that has the key.</param>
internal sealed record AuditHead(long Seq, string Hash, DateTimeOffset At, bool IsOurs);

/// <summary>
/// The ends of a service's chain, a line each minute: number, hash, time, HMAC-SHA-256. A chain alone does not show that its end was cut off or that all of it
/// was written anew; beside these lines it does.
/// </summary>
internal sealed class AuditHeads(AuditSettings settings, string service)
{
    public bool AreKept => settings.HeadsPath is not null;

    private string File => Path.Combine(settings.HeadsPath!, $"{service}.heads");

    public async Task Note(long seq, byte[] hash, DateTimeOffset at)
    {
        Directory.CreateDirectory(settings.HeadsPath!);
        var line = Line(seq, Convert.ToHexStringLower(hash), at.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(File, options);
        // One write of one line: replicas may note at the same time.
        file.Write(Encoding.ASCII.GetBytes(line + "\n"));
        file.Flush(flushToDisk: true);
    }

    public async Task<IReadOnlyList<AuditHead>> Read(CancellationToken cancel)
    {
        if (!AreKept || !System.IO.File.Exists(File))
        {
            return [];
        }

        return [.. (await System.IO.File.ReadAllLinesAsync(File, cancel)).Select(Parse)];
    }

    private AuditHead Parse(string line)
    {
        if (line.Split(' ') is [var seq, var hash, var at, _] && long.TryParse(seq, CultureInfo.InvariantCulture, out var number)
            && DateTimeOffset.TryParseExact(at, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            var right = Encoding.ASCII.GetBytes(Line(number, hash, at));
            return new AuditHead(number, hash, time, CryptographicOperations.FixedTimeEquals(right, Encoding.ASCII.GetBytes(line)));
        }

        return new AuditHead(0, "", DateTimeOffset.UnixEpoch, IsOurs: false);
    }

    private string Line(long seq, string hash, string at)
    {
        var said = string.Create(CultureInfo.InvariantCulture, $"{seq} {hash} {at}");
        var mac = HMACSHA256.HashData(Convert.FromBase64String(settings.Key), Encoding.ASCII.GetBytes($"{service} {said}"));
        return $"{said} {Convert.ToHexStringLower(mac)}";
    }
}
