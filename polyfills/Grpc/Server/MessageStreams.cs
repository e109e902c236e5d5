using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>The messages of a client or bidirectional stream as they come.</summary>
internal sealed class RequestStream<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    public T Current { get; private set; } = null!;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<bool>(cancellationToken);
        }

        var next = call.ReadNextAsync(marshaller, cancellationToken);
        return next.IsCompletedSuccessfully ? Take(next.Result) ? True : False : Awaited(next);
    }

    private async Task<bool> Awaited(ValueTask<T?> next) => Take(await next);

    private bool Take(T? message)
    {
        Current = message!;
        return message is not null;
    }
}

/// <summary>The messages of a server or bidirectional stream.</summary>
internal sealed class ResponseStream<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    /// <summary>What a service that asks for buffering may have waiting: without a limit a slow reader would not hold it back.</summary>
    private const int BufferedBytes = 16 * 1024;

    private int isWriting;

    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (message is null)
        {
            return Task.FromException(new ArgumentNullException(nameof(message)));
        }

        if (Interlocked.Exchange(ref isWriting, 1) != 0)
        {
            return Task.FromException(new InvalidOperationException("Can't write the message because the previous write is in progress."));
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var mayWait = WriteOptions is { } options && options.Flags.HasFlag(WriteFlags.BufferHint);
            var write = call.WriteAsync(marshaller, message, mayWait ? BufferedBytes : 0, cancellationToken);
            if (!write.IsCompletedSuccessfully)
            {
                return Awaited(write);
            }

            Volatile.Write(ref isWriting, 0);
            return Task.CompletedTask;
        }
        catch (Exception ex)
        {
            Volatile.Write(ref isWriting, 0);
            return Task.FromException(ex);
        }
    }

    private async Task Awaited(ValueTask write)
    {
        try
        {
            await write;
        }
        finally
        {
            Volatile.Write(ref isWriting, 0);
        }
    }
}
