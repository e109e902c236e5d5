using System.Diagnostics;

namespace SecondOpinion.Tests.Support;

/// <summary>Waits for a condition, with a limit; no test waits for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);

    /// <exception cref="TimeoutException">The condition did not come true in time; the message says which.</exception>
    public static async Task True(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > (limit ?? DefaultLimit))
            {
                throw new TimeoutException($"Waited {watch.Elapsed.TotalSeconds:0} s in vain until {what}.");
            }

            await Task.Delay(Interval);
        }
    }

    public static Task True(Func<bool> condition, string what, TimeSpan? limit = null) => True(() => Task.FromResult(condition()), what, limit);
}
