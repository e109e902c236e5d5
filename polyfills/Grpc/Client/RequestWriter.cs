using System.Buffers;
using System.Net;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The messages of a client or bidirectional stream: what the caller writes is the body of the request as it goes out.</summary>
internal sealed class RequestWriter<TRequest, TResponse>(ClientCall<TRequest, TResponse> call) : HttpContent, IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ArrayBufferWriter<byte> buffer = new(256);
    private int isWriting;
    private bool isCompleted;

    public WriteOptions? WriteOptions { get; set; } = call.DefaultWriteOptions;

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (isCompleted)
        {
            throw new InvalidOperationException("Request stream has already been completed.");
        }

        if (Interlocked.Exchange(ref isWriting, 1) != 0)
        {
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        }

        try
        {
            using var registration = cancellationToken.UnsafeRegister(static state => ((ClientCall)state!).CancelByCaller(), call);
            var stream = await opened.Task.ConfigureAwait(false);
            buffer.ResetWrittenCount();
            call.WriteTo(buffer, message, WriteOptions);
            await stream.WriteAsync(buffer.WrittenMemory, CancellationToken.None).ConfigureAwait(false);
            if (WriteOptions is not { } options || !options.Flags.HasFlag(WriteFlags.BufferHint))
            {
                await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception ex) when (ex is not RpcException)
        {
            // A caller wants the reason for which the call ended, not that its stream is gone. Who reads the answer will know it.
            if (call.Answer is { } answer)
            {
                await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            throw call.IsFinished ? call.CreateException() : new RpcException(call.Explain(ex));
        }
        finally
        {
            Volatile.Write(ref isWriting, 0);
        }
    }

    public Task CompleteAsync()
    {
        isCompleted = true;
        closed.TrySetResult();
        return Task.CompletedTask;
    }

    public void CallEnded()
    {
        opened.TrySetCanceled();
        closed.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The server may answer before the first message: the headers must not wait for it.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (!opened.TrySetResult(stream) && !opened.Task.IsCanceled)
        {
            throw new InvalidOperationException("A request stream cannot be sent a second time.");
        }

        await closed.Task.ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
