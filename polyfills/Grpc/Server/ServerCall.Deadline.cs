using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server;

internal sealed partial class ServerCall
{
    /// <summary>Timers reach about 49 days; a later deadline is as good as none.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private DateTime deadline = DateTime.MaxValue;
    private ITimer? timer;
    private Task? expiry;
    private CancellationTokenSource? cancellation;
    private CancellationTokenRegistration abortRegistration;

    private CancellationToken Token
    {
        get
        {
            if (timer is null)
            {
                return http.RequestAborted;
            }

            lock (gate)
            {
                if (cancellation is null)
                {
                    cancellation = new CancellationTokenSource();
                    if (expiry is not null)
                    {
                        cancellation.Cancel();
                    }
                    else
                    {
                        abortRegistration = http.RequestAborted.UnsafeRegister(
                            static source => ((CancellationTokenSource)source!).Cancel(), cancellation);
                    }
                }

                return cancellation.Token;
            }
        }
    }

    private void StartDeadline(string header)
    {
        // A timeout nobody can read is ignored, as other implementations do.
        if (!Protocol.TryParseTimeout(header, out var timeout))
        {
            return;
        }

        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        deadline = timeout > DateTime.MaxValue - now ? DateTime.MaxValue : now + timeout;
        if (timeout <= LongestTimer)
        {
            timer = TimeProvider.System.CreateTimer(static call => ((ServerCall)call!).Expire(), this, timeout, Timeout.InfiniteTimeSpan);
        }
    }

    private void Expire()
    {
        try
        {
            lock (gate)
            {
                if (ended)
                {
                    return;
                }

                // Without the service's trailers: it may be adding to them this moment.
                End(new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded"), null);
                expiry = AnswerExpiryAsync();
            }

            cancellation?.Cancel();
        }
        catch (Exception ex)
        {
            // On the timer's thread nobody else would catch it, and the process would end.
            Log.ExpiryNotSent(logger, ex, method.FullName);
            http.Abort();
        }
    }

    /// <summary>The caller has its answer at once; the service learns it from the token and may take its time.</summary>
    private async Task AnswerExpiryAsync()
    {
        // Out of the lock before anything is written.
        await Task.Yield();
        Log.DeadlineExceeded(logger, method.FullName);
        try
        {
            await http.Response.CompleteAsync();
            if (!requestRead)
            {
                const int noError = 0;
                http.Features.Get<IHttpResetFeature>()?.Reset(noError);
            }
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Log.ExpiryNotSent(logger, ex, method.FullName);
        }
    }
}
