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

        Log.Failed(logger, failure.Error, context.Response.StatusCode, failure.Exception?.GetType().Name);
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
        (ForwarderError.RequestBodyClient, _) => CommonProblems.ForStatus(BadRequest(failure.Exception)?.StatusCode ?? StatusCodes.Status400BadRequest),
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

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Not delivered: {Error}, {Status}, {Cause}")]
        public static partial void Failed(ILogger logger, ForwarderError error, int status, string? cause);
    }
}
