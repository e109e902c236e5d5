using System.Threading.RateLimiting;

namespace SecondOpinion.Gateway.RateLimits;

/// <summary>
/// One client's quota: so many requests in a window that opens with the first of them. Unlike the framework's own fixed window, it can say on every answer
/// how much is left and for how long, which the RateLimit header needs.
/// </summary>
internal sealed class FixedWindow(int permits, TimeSpan window, TimeProvider time) : RateLimiter
{
    public static readonly MetadataName<int> Remaining = MetadataName.Create<int>("REMAINING");
    public static readonly MetadataName<TimeSpan> Reset = MetadataName.Create<TimeSpan>("RESET");

    private readonly Lock _lock = new();
    private long _openedAt = time.GetTimestamp();
    private int _used;
    private long _granted;
    private long _refused;

    /// <summary>How long nothing has been counted; after the window a client is forgotten.</summary>
    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (_lock)
            {
                var over = time.GetElapsedTime(_openedAt) - window;
                return over > TimeSpan.Zero ? over : null;
            }
        }
    }

    public override RateLimiterStatistics? GetStatistics()
    {
        lock (_lock)
        {
            return new RateLimiterStatistics { CurrentAvailablePermits = permits - _used, TotalSuccessfulLeases = _granted, TotalFailedLeases = _refused };
        }
    }

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_lock)
        {
            var elapsed = time.GetElapsedTime(_openedAt);
            if (elapsed >= window)
            {
                (_openedAt, _used, elapsed) = (time.GetTimestamp(), 0, TimeSpan.Zero);
            }

            var granted = _used + permitCount <= permits;
            if (granted)
            {
                _used += permitCount;
                _granted++;
            }
            else
            {
                _refused++;
            }

            return new Lease(granted, permits - _used, window - elapsed);
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => new(AttemptAcquireCore(permitCount));

    private sealed class Lease(bool granted, int remaining, TimeSpan reset) : RateLimitLease
    {
        public override bool IsAcquired => granted;

        public override IEnumerable<string> MetadataNames => [Remaining.Name, Reset.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = metadataName == Remaining.Name ? remaining : metadataName == Reset.Name ? reset : null;
            return metadata is not null;
        }
    }
}
