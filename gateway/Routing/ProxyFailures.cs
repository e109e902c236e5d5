using SecondOpinion.ServiceDefaults.Problems;
using Yarp.ReverseProxy.Forwarder;

namespace SecondOpinion.Gateway.Routing;

/// <summary>What YARP could not deliver becomes a problem with the trace id, told apart by whose fault it is.</summary>
internal sealed partial class ProxyFailures(RequestDelegate next, ILogger<ProxyFailures> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.GetForwarderErrorFeature() is not { } failure || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        Log.Failed(logger, failure.Error, context.Response.StatusCode, Causes(failure.Exception));
        if (failure.Error == ForwarderError.RequestBodyClient && BadRequest(failure.Exception)?.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await BodyLimits.Refuse(context);
            return;
        }

        if (failure.Error == ForwarderError.RequestBodyClient && BadRequest(failure.Exception)?.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            await BodyLimits.TooSlow(context);
            return;
        }

        await Explain(failure, context.Response.StatusCode).ExecuteAsync(context);
    }

    private static Problem Explain(IForwarderErrorFeature failure, int status) => (failure.Error, status) switch
    {
        // What the caller did wrong with its body has a status. Without one it was the service that left amid the body: YARP reports the reading that was
        // cancelled thereby, and who had sent everything right would be told not to try again.
        (ForwarderError.RequestBodyClient, _) when BadRequest(failure.Exception) is { } bad => CommonProblems.ForStatus(bad.StatusCode),
        (ForwarderError.NoAvailableDestinations, _) => Problems.NothingDone(),
        (ForwarderError.Request, _) when failure.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } =>
            Problems.NothingDone(),
        (_, 504) => Problems.MayStillHappen(),
        _ => Problems.MayHaveHappened(),
    };

    private static BadHttpRequestException? BadRequest(Exception? exception) => exception switch
    {
        BadHttpRequestException bad => bad,
        AggregateException all => all.Flatten().InnerExceptions.OfType<BadHttpRequestException>().FirstOrDefault(),
        _ => exception?.InnerException is { } inner ? BadRequest(inner) : null,
    };

    /// <summary>Types alone: a message may hold an address.</summary>
    private static string Causes(Exception? exception) => exception switch
    {
        null => "",
        AggregateException all => string.Join(", ", all.Flatten().InnerExceptions.Select(Causes)),
        { InnerException: { } inner } => $"{exception.GetType().Name} of {Causes(inner)}",
        _ => exception.GetType().Name,
    };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Not delivered: {Error}, {Status}, {Cause}")]
        public static partial void Failed(ILogger logger, ForwarderError error, int status, string cause);
    }
}
