using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// One call on the server: the context that its service sees, and the state that decides who ends it. Two may try, the handler and the
/// deadline; <see cref="gate"/> lets one win, and keeps a message from being cut by the deadline's trailers.
/// </summary>
internal sealed partial class ServerCall(HttpContext http, ServiceSettings settings, ILogger logger, IMethod method)
    : ServerCallContext, IServerCallContextFeature
{
    private static readonly StringValues OkHeader = "0";
    private static readonly StringValues ContentTypeHeader = Protocol.ContentType;
    private static readonly StringValues AcceptedHeader = MessageEncoding.Accepted;

    private readonly Lock gate = new();
    private string? requestEncoding;
    private string? responseEncoding;
    private bool requestRead;
    private bool isHolding;
    private ReadOnlySequence<byte> held;
    private bool isAnswering;
    private bool ended;
    private Status status = Status.DefaultSuccess;
    private Metadata? requestHeaders;
    private Metadata? responseTrailers;

    public HttpContext Http => http;

    public ServerCallContext ServerCallContext => this;

    public Status FinalStatus => status;

    /// <summary>Reads the request's headers; refuses an encoding nobody here can read.</summary>
    public void Start()
    {
        http.Features.Set<IServerCallContextFeature>(this);
        http.Response.Headers.ContentType = ContentTypeHeader;
        var headers = http.Request.Headers;
        if (headers.GrpcTimeout is { Count: > 0 } timeout)
        {
            StartDeadline(timeout.ToString());
        }

        if (headers.GrpcEncoding is { Count: > 0 } encoding)
        {
            requestEncoding = encoding.ToString();
            if (!MessageEncoding.IsKnown(requestEncoding))
            {
                http.Response.Headers.GrpcAcceptEncoding = AcceptedHeader;
                throw new RpcException(new Status(StatusCode.Unimplemented, $"Unsupported grpc-encoding value '{requestEncoding}'. "
                    + $"Supported encodings: {MessageEncoding.Accepted}"));
            }
        }

        if (settings.ResponseCompressionAlgorithm is { } algorithm && MessageEncoding.Accepts(headers.GrpcAcceptEncoding, algorithm))
        {
            responseEncoding = algorithm;
            http.Response.Headers.GrpcEncoding = algorithm;
        }
    }

    /// <summary>The one message of a unary request, and the end of the request behind it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        T? message = null;
        while (true)
        {
            var read = await http.Request.BodyReader.ReadAsync();
            if (message is null && TryTake(marshaller, read.Buffer, out message, out var rest))
            {
                http.Request.BodyReader.AdvanceTo(rest.Start);
            }
            else
            {
                rest = read.Buffer;
                http.Request.BodyReader.AdvanceTo(rest.Start, rest.End);
            }

            if (message is not null && !rest.IsEmpty)
            {
                throw new RpcException(new Status(StatusCode.Internal, "Additional data after the message received."));
            }

            if (read.IsCompleted)
            {
                requestRead = true;
                return message ?? throw new RpcException(new Status(StatusCode.Internal, "Incomplete message."));
            }
        }
    }

    /// <summary>The next message of a request stream, or null at its end.</summary>
    public ValueTask<T?> ReadNextAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        // What came together is held and read together: each turn to the body costs locks.
        if (isHolding && TryTake(marshaller, held, out var message, out var rest))
        {
            held = rest;
            return new ValueTask<T?>(message);
        }

        return ReadMoreAsync(marshaller, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T?> ReadMoreAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            if (isHolding)
            {
                http.Request.BodyReader.AdvanceTo(held.Start, held.End);
                isHolding = false;
                if (requestRead && !held.IsEmpty)
                {
                    throw new RpcException(new Status(StatusCode.Internal, "Incomplete message."));
                }
            }

            if (requestRead)
            {
                return null;
            }

            var read = await http.Request.BodyReader.ReadAsync(cancellationToken);
            (held, isHolding, requestRead) = (read.Buffer, true, read.IsCompleted);
            if (TryTake(marshaller, held, out var message, out var rest))
            {
                held = rest;
                return message;
            }
        }
    }

    /// <summary>The one message of a unary response. It is not flushed: headers, message and trailers leave together.</summary>
    public ValueTask WriteSingleAsync<T>(Marshaller<T> marshaller, T? message)
        where T : class
    {
        if (message is null)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        }

        // After its deadline the caller has its answer already.
        return expiry is null ? WriteAsync(marshaller, message, int.MaxValue, CancellationToken.None) : default;
    }

    /// <param name="unflushedBytes">How much may wait for the next message, or for the end of the call.</param>
    public ValueTask WriteAsync<T>(Marshaller<T> marshaller, T message, int unflushedBytes, CancellationToken cancellationToken)
    {
        var encoding = WriteOptionsCore is { } options && options.Flags.HasFlag(WriteFlags.NoCompress) ? null : responseEncoding;
        ValueTask<FlushResult> flushed;
        lock (gate)
        {
            BeginAnswer();
            var body = http.Response.BodyWriter;
            PayloadWriter.Serialize(marshaller, message, body, settings.MaxSendMessageSize, encoding, settings.ResponseCompressionLevel);
            if (unflushedBytes == int.MaxValue || (unflushedBytes > 0 && body.CanGetUnflushedBytes && body.UnflushedBytes < unflushedBytes))
            {
                return default;
            }

            flushed = body.FlushAsync(cancellationToken);
        }

        if (flushed.IsCompletedSuccessfully)
        {
            _ = flushed.Result;
            return default;
        }

        return Awaited(flushed);

        static async ValueTask Awaited(ValueTask<FlushResult> flushed) => await flushed;
    }

    /// <summary>Sends the headers off before any message.</summary>
    public async Task WriteHeadersAsync(Metadata headers)
    {
        ValueTask<FlushResult> flushed;
        lock (gate)
        {
            if (isAnswering)
            {
                throw new InvalidOperationException("Response headers can only be sent once per call.");
            }

            BeginAnswer();
            Append(http.Response.Headers, headers);
            flushed = http.Response.BodyWriter.FlushAsync();
        }

        await flushed;
    }

    public static void WriteStatus(IHeaderDictionary destination, Status status)
    {
        destination.GrpcStatus = status.StatusCode == StatusCode.OK
            ? OkHeader
            : ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail))
        {
            destination.GrpcMessage = PercentEncoding.Encode(status.Detail);
        }
    }

    /// <summary>The service returned.</summary>
    public void Complete()
    {
        lock (gate)
        {
            End(status, responseTrailers);
        }
    }

    /// <summary>The service, or the reading of its request, threw.</summary>
    public void Fail(Exception exception)
    {
        var outcome = Explain(exception);
        lock (gate)
        {
            if (exception is RpcException { Trailers.Count: > 0 } rpc)
            {
                foreach (var trailer in rpc.Trailers)
                {
                    ResponseTrailersCore.Add(trailer);
                }
            }

            End(outcome, responseTrailers);
        }
    }

    /// <summary>Nothing of this call touches the request after this: its objects go to the next one.</summary>
    public async ValueTask EndAsync()
    {
        timer?.Dispose();
        abortRegistration.Dispose();
        if (expiry is not null)
        {
            await expiry;
        }
    }

    /// <summary>From here on a status goes in the trailers: the headers may be on their way.</summary>
    private void BeginAnswer()
    {
        if (ended)
        {
            throw new InvalidOperationException("Can't write the message because the request is complete.");
        }

        isAnswering = true;
    }

    private bool TryTake<T>(Marshaller<T> marshaller, in ReadOnlySequence<byte> buffer, out T? message, out ReadOnlySequence<byte> rest)
        where T : class
    {
        message = null;
        rest = buffer;
        if (!MessagePrefix.TryRead(buffer, settings.MaxReceiveMessageSize, requestEncoding, out var prefix)
            || buffer.Length < Protocol.PrefixLength + prefix.Length)
        {
            return false;
        }

        var payload = buffer.Slice(Protocol.PrefixLength, prefix.Length);
        rest = buffer.Slice(payload.End);
        if (prefix.IsCompressed)
        {
            payload = MessageEncoding.Decompress(payload, requestEncoding!, settings.MaxReceiveMessageSize);
        }

        try
        {
            message = PayloadReader.Deserialize(marshaller, payload);
            return true;
        }
        catch (Exception ex) when (ex is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "Error deserializing the request message.", ex));
        }
    }

    private void End(Status outcome, Metadata? trailers)
    {
        if (ended)
        {
            return;
        }

        ended = true;
        status = outcome;

        // With nothing written yet, one header block carries everything ("Trailers-Only").
        var destination = isAnswering
            ? http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : http.Response.Headers;
        if (trailers is not null)
        {
            try
            {
                Append(destination, trailers);
            }
            catch (InvalidOperationException ex)
            {
                // The server refuses what no header may hold, an accent for instance; the call must have its status all the same.
                Log.TrailersRefused(logger, ex, method.FullName);
                status = outcome = new Status(StatusCode.Internal, "The trailers of the service cannot be sent.", ex);
            }
        }

        WriteStatus(destination, outcome);
    }

    private static void Append(IHeaderDictionary destination, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!MetadataCodec.IsReserved(entry.Key))
            {
                destination.Append(entry.Key, MetadataCodec.HeaderValue(entry));
            }
        }
    }

    private Status Explain(Exception exception)
    {
        if (exception is RpcException rpc)
        {
            Log.CallRefused(logger, rpc.Status.DebugException, method.FullName, rpc.StatusCode);
            return rpc.Status;
        }

        var isCallerGone = exception is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested;
        if (isCallerGone || (expiry is not null && exception is OperationCanceledException or IOException or InvalidOperationException))
        {
            Log.CallCancelled(logger, method.FullName);
            return new Status(StatusCode.Cancelled, "The call was cancelled by the client.", exception);
        }

        Log.CallFailed(logger, exception, method.FullName);
        var detail = "Exception was thrown by handler.";
        if (settings.EnableDetailedErrors)
        {
            for (var cause = exception; cause is not null; cause = cause.InnerException)
            {
                detail += $" {cause.GetType().Name}: {cause.Message}";
            }
        }

        return new Status(StatusCode.Unknown, detail, exception);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Method} refused with {Status}")]
        public static partial void CallRefused(ILogger logger, Exception? exception, string method, StatusCode status);

        [LoggerMessage(2, LogLevel.Debug, "{Method} ended when its caller or its deadline had cancelled it")]
        public static partial void CallCancelled(ILogger logger, string method);

        [LoggerMessage(3, LogLevel.Error, "{Method} threw")]
        public static partial void CallFailed(ILogger logger, Exception exception, string method);

        [LoggerMessage(4, LogLevel.Debug, "{Method} exceeded its deadline")]
        public static partial void DeadlineExceeded(ILogger logger, string method);

        [LoggerMessage(5, LogLevel.Debug, "{Method} exceeded its deadline, and its caller is gone")]
        public static partial void ExpiryNotSent(ILogger logger, Exception exception, string method);

        [LoggerMessage(6, LogLevel.Error, "{Method} set trailers that cannot be sent")]
        public static partial void TrailersRefused(ILogger logger, Exception exception, string method);
    }
}
