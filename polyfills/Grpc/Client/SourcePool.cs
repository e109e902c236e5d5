using System.Collections.Concurrent;

namespace Grpc.Net.Client;

/// <summary>
/// Cancellation sources of calls that ended well. A used source keeps its timer and its registration nodes, which would otherwise be most of
/// what a short call allocates for the sake of being cancellable.
/// </summary>
internal static class SourcePool
{
    private const int Capacity = 256;

    private static readonly ConcurrentQueue<CancellationTokenSource> Sources = new();

    public static CancellationTokenSource Rent() => Sources.TryDequeue(out var source) ? source : new CancellationTokenSource();

    /// <summary>Nobody else may hold the source or its token any more.</summary>
    public static void Return(CancellationTokenSource source)
    {
        if (Sources.Count < Capacity && source.TryReset())
        {
            Sources.Enqueue(source);
        }
        else
        {
            source.Dispose();
        }
    }
}
