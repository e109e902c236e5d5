namespace Aspire.Hosting.Page.Telemetry;

/// <summary>Durations by size, each step a tenth longer than the last: quantiles within 10 % in 200 counters, from 10 µs to 27 min.</summary>
internal sealed class LatencyHistogram
{
    private const double Step = 1.1;
    private const double SmallestMilliseconds = 0.01;

    private readonly int[] counts = new int[200];

    public int Count { get; private set; }

    public void Add(double milliseconds)
    {
        var index = milliseconds <= SmallestMilliseconds ? 0 : (int)Math.Ceiling(Math.Log(milliseconds / SmallestMilliseconds, Step));
        counts[Math.Min(index, counts.Length - 1)]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] += other.counts[i];
        }

        Count += other.Count;
    }

    /// <returns>Upper end of the step that the quantile falls in, in milliseconds; 0 when empty.</returns>
    public double Quantile(double quantile)
    {
        var rank = Math.Max(1, (int)Math.Ceiling(quantile * Count));
        for (int i = 0, seen = 0; i < counts.Length; i++)
        {
            seen += counts[i];
            if (seen >= rank)
            {
                return SmallestMilliseconds * Math.Pow(Step, i);
            }
        }

        return 0;
    }
}
