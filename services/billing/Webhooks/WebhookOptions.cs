using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>Section <c>Webhooks</c>.</summary>
internal sealed class WebhookOptions : ISettings
{
    public static string Section => "Webhooks";

    /// <summary>
    /// Takes plain http and addresses of this machine and its networks, to try things out. Never where others choose addresses: a webhook would read what
    /// only this machine may reach.
    /// </summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>How long an address may take to answer.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:30")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Waits before each repeat, a fifth more or less; after the last one the delivery is dead. Together three days when left out.</summary>
    [MinLength(1)]
    public TimeSpan[]? Retries { get; set; }

    /// <summary>Failures in a row, whatever was sent, after which an address is left alone.</summary>
    [Range(1, 1000)]
    public int CircuitAfter { get; set; } = 10;

    /// <summary>For so long at first; it doubles up to <see cref="LongestPause"/> while single tries go on failing.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromSeconds(30);

    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromHours(1);

    private static readonly TimeSpan[] Ladder =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(18), TimeSpan.FromHours(22),
    ];

    private TimeSpan[] Waits => Retries ?? Ladder;

    public string? Fault() => Waits.All(wait => wait > TimeSpan.Zero) ? null : "Webhooks:Retries: every wait must be above 0.";

    /// <param name="failed">Attempts that failed.</param>
    /// <returns>Null when that was the last one.</returns>
    public TimeSpan? WaitAfter(int failed) => failed > Waits.Length ? null : Waits[failed - 1] * (0.8 + Random.Shared.NextDouble() * 0.4);

    /// <param name="failures">In a row.</param>
    /// <returns>Null while the address is not left alone.</returns>
    public TimeSpan? PauseAfter(int failures)
    {
        if (failures < CircuitAfter)
        {
            return null;
        }

        var pause = FirstPause * Math.Pow(2, Math.Min(failures - CircuitAfter, 20));
        return pause < LongestPause ? pause : LongestPause;
    }
}
