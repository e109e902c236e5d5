using System.Globalization;
using System.Text.Json;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>How long and by which seed; <c>./drill</c> sets them, <c>./test</c> takes the short form.</summary>
internal static class DrillSettings
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static TimeSpan CrashTime { get; } = TimeSpan.FromMinutes(Number("DRILL_MINUTES") ?? 1);

    public static int FuzzRequests { get; } = (int)(Number("DRILL_REQUESTS") ?? 2_000);

    /// <summary>The restore drill goes on to lose a whole disk; the short form only undoes a mistake.</summary>
    public static bool LosesTheDisk { get; } = Number("DRILL_FULL") is not null;

    /// <summary>Printed by every drill: the same seed makes the same choices.</summary>
    public static int Seed { get; } = (int)(Number("DRILL_SEED") ?? Random.Shared.Next(1_000_000));

    /// <summary>The figures as JSON, beside those of the benches: <c>artifacts/drill/NAME.json</c>.</summary>
    public static async Task Write(string name, object figures)
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppHostProcess.RepositoryRoot, "artifacts/drill")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.json"), JsonSerializer.Serialize(figures, Indented));
    }

    private static double? Number(string name) =>
        double.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
