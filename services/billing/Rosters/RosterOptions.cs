using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Rosters;

/// <summary>Bound from <c>Rosters</c>.</summary>
internal sealed class RosterOptions : ISettings
{
    public static string Section => "Rosters";

    /// <summary>Where uploads wait, encrypted. Several instances of the service share one folder, or each imports what it received.</summary>
    public string SpoolPath { get; set; } =
        Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "secondopinion", "rosters");

    public long MaxBytes { get; set; } = 16L << 30;

    /// <summary>Bytes that a compressed file may unpack into.</summary>
    public long MaxProducedBytes { get; set; } = 32L << 30;

    /// <summary>Times its size that a compressed file may unpack into; a real roster packs 5 to 20 times.</summary>
    public int MaxRatio { get; set; } = 100;

    /// <summary>A file with a larger share of rejected lines is refused whole.</summary>
    public double MaxRejectShare { get; set; } = 0.01;

    /// <summary>A roster that would lose a larger share of the members of the one that answers waits for the approval of ops.</summary>
    public double MaxDropShare { get; set; } = 0.2;

    /// <summary>Lines that the reject report keeps; beyond it only the count goes on.</summary>
    public int MaxRejectsKept { get; set; } = 100_000;

    /// <summary>Roster versions kept for each insurer, the current one included.</summary>
    public int VersionsKept { get; set; } = 3;

    /// <summary>Imports that one instance runs at one time.</summary>
    public int ConcurrentImports { get; set; } = 2;

    /// <summary>Threads that parse and hash for one import.</summary>
    public int ParseThreads { get; set; } = Math.Clamp(Environment.ProcessorCount - 1, 1, 4);

    /// <summary>An upload that nobody goes on with is over after it.</summary>
    public TimeSpan UploadLife { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Streams of events that one client may have open.</summary>
    public int StreamsPerClient { get; set; } = 5;

    /// <summary>How many times an import that ended without a word is taken up again.</summary>
    public int MaxAttempts { get; set; } = 3;

    public string? Fault() =>
        MaxRejectShare is >= 0 and <= 1 && MaxDropShare is >= 0 and <= 1 && VersionsKept >= 1 && ConcurrentImports >= 1 && ParseThreads >= 1 && MaxAttempts >= 1
            ? null
            : "Rosters: MaxRejectShare and MaxDropShare must be from 0 to 1; VersionsKept, ConcurrentImports, ParseThreads and MaxAttempts at least 1.";
}
