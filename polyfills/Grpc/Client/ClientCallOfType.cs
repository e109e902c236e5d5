using System.IO.Compression;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The four kinds of call.</summary>
internal sealed class ClientCall<TRequest, TResponse>(
    GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : ClientCall(channel, method, host, options)
    where TRequest : class
    where TResponse : class
{
    private SingleMessageContent? single;
    private RequestWriter<TRequest, TResponse>? requests;
    private ResponseReader? reader;
    private Task? opening;

    public IAsyncStreamReader<TResponse> ResponseStream => field ??= new ResponseStream<TRequest, TResponse>(this);

    public IClientStreamWriter<TRequest> StartRequestStream() => requests = new RequestWriter<TRequest, TResponse>(this);

    public async Task<TResponse> RunUnaryAsync(TRequest request)
    {
        try
        {
            Begin();
            return await ExchangeAsync(Serialize(request)).ConfigureAwait(false);
        }
        catch (Exception ex) when (!IsFinished)
        {
            Fail(ex);
            throw CreateException();
        }
    }

    /// <summary>The answer of a call that has but one, and reads it by itself.</summary>
    public Task<TResponse>? Answer { get; private set; }

    public Task<TResponse> StartClientStreaming() => Answer = RunClientStreamingAsync();

    private async Task<TResponse> RunClientStreamingAsync()
    {
        try
        {
            Begin();
            EndWhenCancelled();
            return await ExchangeAsync(requests!).ConfigureAwait(false);
        }
        catch (Exception ex) when (!IsFinished)
        {
            Fail(ex);
            throw CreateException();
        }
        catch (Exception ex) when (ex is not RpcException)
        {
            // The call was cancelled first, and the transport's complaint came after.
            throw CreateException();
        }
    }

    public void StartServerStreaming(TRequest request) => opening = OpenStreamAsync(request);

    public void StartDuplex() => opening = OpenStreamAsync(null);

    /// <summary>The next message, or null after the last.</summary>
    public ValueTask<TResponse?> ReadNextAsync()
    {
        try
        {
            if (!IsFinished && reader is not null && reader.TryRead(method.ResponseMarshaller, out var message))
            {
                return new ValueTask<TResponse?>(message);
            }
        }
        catch (RpcException ex)
        {
            Fail(ex);
        }

        return ReadMoreAsync();
    }

    private async ValueTask<TResponse?> ReadMoreAsync()
    {
        await opening!.ConfigureAwait(false);
        if (!IsFinished)
        {
            try
            {
                if (await reader!.ReadAsync(method.ResponseMarshaller, Token).ConfigureAwait(false) is { } message)
                {
                    return message;
                }

                FinishFromTrailers(isComplete: true);
            }
            catch (Exception ex)
            {
                Fail(ex);
            }
        }

        return IsOk ? null : throw CreateException();
    }

    public void WriteTo(System.Buffers.IBufferWriter<byte> target, TRequest message, WriteOptions? writeOptions)
    {
        var encoding = writeOptions is not null && writeOptions.Flags.HasFlag(WriteFlags.NoCompress) ? null : RequestEncoding;
        PayloadWriter.Serialize(
            method.RequestMarshaller, message, target, Channel.Options.MaxSendMessageSize, encoding, CompressionLevel.Fastest);
    }

    public WriteOptions? DefaultWriteOptions => Options.WriteOptions;

    protected override void Release(bool isClean)
    {
        requests?.CallEnded();
        if (isClean)
        {
            single?.Release();
            reader?.Dispose();
        }
    }

    private SingleMessageContent Serialize(TRequest request)
    {
        single = new SingleMessageContent();
        WriteTo(single, request, Options.WriteOptions);
        return single;
    }

    private async Task OpenStreamAsync(TRequest? request)
    {
        try
        {
            Begin();
            EndWhenCancelled();
            if (await OpenAsync(request is null ? requests! : Serialize(request), needsMessage: false).ConfigureAwait(false))
            {
                reader = await CreateReaderAsync().ConfigureAwait(false);
            }
        }
        catch (Exception ex)
        {
            Fail(ex);
        }
    }

    /// <summary>One message comes back, whatever goes out.</summary>
    private async Task<TResponse> ExchangeAsync(HttpContent content)
    {
        TResponse? message = null;
        if (await OpenAsync(content, needsMessage: true).ConfigureAwait(false))
        {
            reader = await CreateReaderAsync().ConfigureAwait(false);
            message = await reader.ReadAsync(method.ResponseMarshaller, Token).ConfigureAwait(false);
            if (message is not null && await reader.ReadAsync(method.ResponseMarshaller, Token).ConfigureAwait(false) is not null)
            {
                throw new RpcException(new Status(StatusCode.Internal, "Unexpected data after finished reading message."));
            }

            FinishFromTrailers(isComplete: message is not null);
        }

        return IsOk ? message! : throw CreateException();
    }

    private async ValueTask<ResponseReader> CreateReaderAsync()
    {
        var body = await Response!.Content.ReadAsStreamAsync(Token).ConfigureAwait(false);
        return new ResponseReader(body, Channel.Options.MaxReceiveMessageSize, ResponseEncoding());
    }
}

internal sealed class ResponseStream<TRequest, TResponse>(ClientCall<TRequest, TResponse> call) : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    private int isReading;

    public TResponse Current { get; private set; } = null!;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref isReading, 1) != 0)
        {
            return Task.FromException<bool>(
                new InvalidOperationException("Can't read the next message because the previous read is still in progress."));
        }

        // Giving up on one message gives up on the call: a stream cannot skip.
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static state => ((ClientCall)state!).CancelByCaller(), call)
            : default;
        var next = call.ReadNextAsync();
        if (!next.IsCompletedSuccessfully)
        {
            return Awaited(next, registration);
        }

        registration.Dispose();
        return Take(next.Result) ? True : False;
    }

    private async Task<bool> Awaited(ValueTask<TResponse?> next, CancellationTokenRegistration registration)
    {
        using (registration)
        {
            try
            {
                return Take(await next.ConfigureAwait(false));
            }
            finally
            {
                Volatile.Write(ref isReading, 0);
            }
        }
    }

    private bool Take(TResponse? message)
    {
        Current = message!;
        Volatile.Write(ref isReading, 0);
        return message is not null;
    }
}
