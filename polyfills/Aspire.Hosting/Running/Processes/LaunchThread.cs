using System.Collections.Concurrent;

namespace Aspire.Hosting.Running.Processes;

/// <summary>
/// Starts every process from one thread that lives as long as the host. The parent-death signal goes out when the starting *thread* ends, so
/// a thread of the pool, which comes and goes, would have the children killed at random.
/// </summary>
internal sealed class LaunchThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];

    public LaunchThread() => new Thread(Work) { IsBackground = true, Name = "process launcher" }.Start();

    public Task<T> RunAsync<T>(Func<T> start)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(start());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    public void Dispose() => work.CompleteAdding();

    private void Work()
    {
        foreach (var action in work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
