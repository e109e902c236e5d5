using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// One call on the client: its request, its cancellation and its outcome. A call ends once, by its trailers, by an error, or by being
/// cancelled; whoever comes first under <see cref="gate"/> decides the status.
/// </summary>
internal abstract partial class ClientCall(GrpcChannel channel, IMethod method, string? host, CallOptions options) : IDisposable
{
    public static readonly Func<object, Task<Metadata>> Headers = static call => ((ClientCall)call).HeadersAsync();
    public static readonly Func<object, Status> Outcome = static call => ((ClientCall)call).GetStatus();
    public static readonly Func<object, Metadata> TrailersOf = static call => ((ClientCall)call).GetTrailers();
    public static readonly Action<object> Cancel = static call => ((ClientCall)call).Dispose();

    /// <summary>Timers reach about 49 days; a later deadline is as good as none.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Lock gate = new();
    private readonly DateTime? deadline = Checked(options.Deadline);
    private CancellationTokenSource? cancellation;
    private CancellationTokenRegistration callerRegistration;
    private CancellationTokenRegistration channelRegistration;
    private CancelReason reason;
    private TaskCompletionSource<Metadata>? headersSource;
    private Metadata? headers;
    private Metadata? trailers;
    private bool isTrailersOnly;
    private Activity? activity;
    private long started;
    private Status status;

    private enum CancelReason
    {
        Deadline,
        Caller,
        Disposed,
    }

    public bool IsFinished { get; private set; }

    protected GrpcChannel Channel => channel;

    protected CallOptions Options => options;

    protected HttpResponseMessage? Response { get; private set; }

    /// <summary>Null to send messages as they are.</summary>
    protected string? RequestEncoding { get; private set; }

    protected CancellationToken Token { get; private set; }

    public void Dispose() => CancelBecause(CancelReason.Disposed);

    public void CancelByCaller() => CancelBecause(CancelReason.Caller);

    /// <summary>What a caller of a call that ended badly is thrown.</summary>
    public Exception CreateException()
    {
        var exception = new RpcException(status, trailers ?? Metadata.Empty);
        return channel.Options.ThrowOperationCanceledOnCancellation && status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded
            ? new OperationCanceledException(status.Detail, exception, options.CancellationToken)
            : exception;
    }

    /// <summary>What went wrong, in gRPC's terms.</summary>
    public Status Explain(Exception exception)
    {
        if (cancellation is { IsCancellationRequested: true })
        {
            return reason switch
            {
                CancelReason.Caller => new Status(StatusCode.Cancelled, "Call canceled by the client.", exception),
                CancelReason.Disposed => new Status(StatusCode.Cancelled, "gRPC call disposed.", exception),
                _ => new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded", exception),
            };
        }

        return exception is RpcException rpc ? rpc.Status : TransportErrors.Explain(exception, IsPastDeadline());
    }

    protected bool IsOk => status.StatusCode == StatusCode.OK;

    /// <summary>Starts the clock: nothing has been sent yet.</summary>
    protected void Begin()
    {
        activity = ClientTelemetry.Start(method, channel.Address);
        started = ClientTelemetry.Timestamp();
        cancellation = SourcePool.Rent();
        Token = cancellation.Token;
        if (deadline is not null)
        {
            var remaining = Remaining(deadline.Value);
            if (remaining <= TimeSpan.Zero)
            {
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded"));
            }

            if (remaining <= LongestTimer)
            {
                cancellation.CancelAfter(remaining);
            }
        }

        if (options.CancellationToken.CanBeCanceled)
        {
            callerRegistration = options.CancellationToken.UnsafeRegister(
                static call => ((ClientCall)call!).CancelBecause(CancelReason.Caller), this);
        }

        channelRegistration = channel.Disposal.UnsafeRegister(static call => ((ClientCall)call!).CancelBecause(CancelReason.Disposed), this);
        RequestEncoding = options.Headers?.GetValue(CompressRequestHeader) is { } encoding and not MessageEncoding.Identity ? encoding : null;
        if (RequestEncoding is not null && !MessageEncoding.IsKnown(RequestEncoding))
        {
            throw new RpcException(new Status(StatusCode.Internal, $"Could not find compression provider for '{RequestEncoding}'."));
        }
    }

    /// <summary>Ends the call when it is cancelled, even if nobody is reading from it just then.</summary>
    protected void EndWhenCancelled() => Token.UnsafeRegister(
        static state =>
        {
            var call = (ClientCall)state!;
            call.Fail(new OperationCanceledException(call.Token));
        },
        this);

    /// <summary>Sends the request. False when the response is its own trailers, and the call has therefore ended.</summary>
    protected async ValueTask<bool> OpenAsync(HttpContent content, bool needsMessage)
    {
        var request = CreateRequest(content);
        if (channel.CallCredentials is not null || options.Credentials is not null)
        {
            await AddCredentialsAsync(request).ConfigureAwait(false);
        }

        ClientTelemetry.Inject(request);
        var response = await channel.Invoker.SendAsync(request, Token).ConfigureAwait(false);
        if (response.StatusCode == System.Net.HttpStatusCode.OK
            && response.Headers.NonValidated.TryGetValues(Protocol.StatusHeader, out var early))
        {
            isTrailersOnly = true;
            Arrived(response);
            Finish(Checked(ReadStatus(early.ToString(), response.Headers), isComplete: !needsMessage));
            return false;
        }

        Arrived(response);
        if (TransportErrors.Refuse(response) is { } refusal)
        {
            throw new RpcException(refusal);
        }

        return true;
    }

    protected string? ResponseEncoding() =>
        Response!.Headers.NonValidated.TryGetValues(Protocol.EncodingHeader, out var encoding) ? encoding.ToString() : null;

    /// <summary>The body has been read to its end: the trailers are there, or will never be.</summary>
    /// <param name="isComplete">Whether all messages that the call must have came.</param>
    protected void FinishFromTrailers(bool isComplete)
    {
        var trailing = Response!.TrailingHeaders;
        Finish(trailing.NonValidated.TryGetValues(Protocol.StatusHeader, out var code)
            ? Checked(ReadStatus(code.ToString(), trailing), isComplete)
            : new Status(StatusCode.Unknown, "No grpc-status found on response."));
    }

    /// <summary>Ends the call with the status that the exception means, unless it has one already.</summary>
    protected void Fail(Exception exception) => Finish(Explain(exception), isClean: false);

    /// <summary>Called once, when the call has ended.</summary>
    protected abstract void Release(bool isClean);

    private static Status Checked(Status told, bool isComplete) =>
        isComplete || told.StatusCode != StatusCode.OK ? told : new Status(StatusCode.Internal, "Failed to deserialize response message.");

    /// <summary>Null for none, which <see cref="DateTime.MaxValue"/> means too.</summary>
    private static DateTime? Checked(DateTime? given)
    {
        if (given is null || given == DateTime.MaxValue)
        {
            return null;
        }

        return given.Value.Kind == DateTimeKind.Utc || given == DateTime.MinValue ? given : throw new InvalidOperationException(
            "Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.");
    }

    private static TimeSpan Remaining(DateTime deadline) => deadline - TimeProvider.System.GetUtcNow().UtcDateTime;

    private static Metadata ToMetadata(HttpHeaders source)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in source.NonValidated)
        {
            if (!MetadataCodec.IsReserved(name))
            {
                foreach (var value in values)
                {
                    MetadataCodec.AddReceived(metadata, name, value);
                }
            }
        }

        return metadata;
    }

    private bool IsPastDeadline() => deadline is not null && Remaining(deadline.Value) <= TimeSpan.Zero;

    private void Arrived(HttpResponseMessage response)
    {
        bool isLate;
        lock (gate)
        {
            Response = response;
            isLate = IsFinished;
            headersSource?.TrySetResult(headers ??= ToMetadata(response.Headers));
        }

        if (isLate)
        {
            response.Dispose();
        }
    }

    private Status ReadStatus(string code, HttpHeaders source)
    {
        if (!Protocol.TryParseStatus(code, out var parsed))
        {
            return new Status(StatusCode.Unknown, $"Unexpected grpc-status value: {code}");
        }

        var detail = source.NonValidated.TryGetValues(Protocol.MessageHeader, out var message) ? PercentEncoding.Decode(message.ToString()) : "";

        // A server whose own timer was first may reset or answer "cancelled": for the caller its deadline has passed.
        return parsed == StatusCode.Cancelled && IsPastDeadline()
            ? new Status(StatusCode.DeadlineExceeded, detail)
            : new Status(parsed, detail);
    }

    private void CancelBecause(CancelReason because)
    {
        lock (gate)
        {
            if (IsFinished || cancellation is not { IsCancellationRequested: false })
            {
                return;
            }

            reason = because;
        }

        cancellation.Cancel();
    }

    private void Finish(Status outcome, bool isClean = true)
    {
        CancellationTokenSource? recycled;
        TaskCompletionSource<Metadata>? waiting;
        lock (gate)
        {
            if (IsFinished)
            {
                return;
            }

            status = outcome;
            if (outcome.StatusCode != StatusCode.OK && Response is not null)
            {
                trailers = ToMetadata(isTrailersOnly ? Response.Headers : Response.TrailingHeaders);
            }

            IsFinished = true;
            recycled = isClean && reason == CancelReason.Deadline ? cancellation : null;
            waiting = headersSource;
        }

        callerRegistration.Dispose();
        channelRegistration.Dispose();
        Release(isClean);

        // Even when read to its end: its stream has a finalizer, which costs more than the rest of a short call. Headers stay readable.
        Response?.Dispose();
        if (recycled is not null)
        {
            SourcePool.Return(recycled);
        }

        ClientTelemetry.Stop(activity, started, method, channel.Address, outcome);
        if (waiting is not null && !waiting.Task.IsCompleted)
        {
            waiting.TrySetException(CreateException());

            // Whoever asked may never look.
            _ = waiting.Task.Exception;
        }
    }

    private Task<Metadata> HeadersAsync()
    {
        lock (gate)
        {
            if (headersSource is null)
            {
                headersSource = new TaskCompletionSource<Metadata>(TaskCreationOptions.RunContinuationsAsynchronously);
                if (Response is not null)
                {
                    headersSource.SetResult(headers ??= ToMetadata(Response.Headers));
                }
                else if (IsFinished)
                {
                    headersSource.SetException(CreateException());
                    _ = headersSource.Task.Exception;
                }
            }

            return headersSource.Task;
        }
    }

    private Status GetStatus() => IsFinished
        ? status
        : throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    private Metadata GetTrailers()
    {
        if (!IsFinished)
        {
            throw new InvalidOperationException("Can't get the call trailers because the call has not completed successfully.");
        }

        lock (gate)
        {
            return trailers ??= Response is null ? Metadata.Empty : ToMetadata(isTrailersOnly ? Response.Headers : Response.TrailingHeaders);
        }
    }
}
