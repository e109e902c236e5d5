using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Threading.RateLimiting;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Who asks, for limits, counts and audit.</summary>
internal readonly record struct Client(string Role, string Subject)
{
    public static Client Of(ClaimsPrincipal user) => new(user.Role(), user.Subject());
}

/// <summary>Bound from <c>Eligibility:Limits</c>.</summary>
internal sealed class CheckLimitOptions : ISettings
{
    public static string Section => "Eligibility:Limits";

    [Range(1, int.MaxValue)]
    public int PatientPerMinute { get; set; } = 10;

    /// <summary>Of an agent, and of a physician who asks for patients.</summary>
    [Range(1, int.MaxValue)]
    public int AgentPerMinute { get; set; } = 60;

    [Range(1, int.MaxValue)]
    public int PartnerPerMinute { get; set; } = 1200;

    [Range(1, int.MaxValue)]
    public int ServicePerSecond { get; set; } = 100_000;

    /// <summary>Questions about somebody unknown that a patient or an agent may ask in an hour: typing errors, not a search through names and
    /// dates.</summary>
    [Range(1, int.MaxValue)]
    public int MissesPerHour { get; set; } = 10;

    /// <summary>Families (member numbers) about which one patient account gets answers in a year: its own, and one more for a relative or a change of
    /// insurer.</summary>
    public int FamiliesPerAccount { get; set; } = 2;
}

/// <summary>Nobody can probe who is insured: what a client may ask in a minute is limited, and so are its questions about people whom no insurer
/// knows.</summary>
internal sealed class CheckLimits : IDisposable
{
    private static readonly TimeSpan MissGrowsBack = TimeSpan.FromMinutes(6);
    private readonly PartitionedRateLimiter<Client> _checks;
    private readonly PartitionedRateLimiter<Client> _misses;

    public CheckLimits(CheckLimitOptions options)
    {
        _checks = PartitionedRateLimiter.Create<Client, Client>(client => client.Role == Roles.Service
            ? Bucket(client, options.ServicePerSecond, TimeSpan.FromSeconds(1))
            : Bucket(client, PerMinute(client.Role, options), TimeSpan.FromMinutes(1)));
        _misses = PartitionedRateLimiter.Create<Client, Client>(client => client.Role is Roles.Patient or Roles.Agent or Roles.Physician
            ? Bucket(client, options.MissesPerHour, TimeSpan.FromHours(1))
            : RateLimitPartition.GetNoLimiter(client));
    }

    /// <returns>The refusal when there were too many checks; null when this one is taken.</returns>
    public Problem? Take(Client client)
    {
        // Not by acquiring none: that succeeds as soon as the smallest fraction of a permit has grown back.
        if (_misses.GetStatistics(client) is { CurrentAvailablePermits: < 1 })
        {
            return Problems.AskedTooOften(MissGrowsBack);
        }

        using var lease = _checks.AttemptAcquire(client);
        return lease.IsAcquired ? null : Problems.AskedTooOften(lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromMinutes(1));
    }

    public void CountMiss(Client client) => _misses.AttemptAcquire(client).Dispose();

    public void Dispose()
    {
        _checks.Dispose();
        _misses.Dispose();
    }

    private static int PerMinute(string role, CheckLimitOptions options) => role switch
    {
        Roles.Patient => options.PatientPerMinute,
        Roles.Agent or Roles.Physician => options.AgentPerMinute,
        _ => options.PartnerPerMinute,
    };

    private static RateLimitPartition<Client> Bucket(Client client, int permits, TimeSpan window) =>
        RateLimitPartition.GetTokenBucketLimiter(client, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = permits,
            TokensPerPeriod = Math.Max(1, permits / 10),
            ReplenishmentPeriod = window / 10,
        });
}
