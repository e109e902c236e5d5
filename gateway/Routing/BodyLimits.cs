using Microsoft.AspNetCore.Http.Features;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway.Routing;

/// <summary>
/// Refuses a body that is larger than its route takes: by its declared length before a byte is read, else when the limit is passed. A JSON body is read whole
/// before it is passed on, so a service sees complete requests only; uploads stream. No more memory is taken than has come, and what has not come in time is
/// refused (<see cref="GatewayOptions.Time"/>). Kestrel's own limit is lifted: it would cut the connection, and the caller might never read why.
/// </summary>
internal sealed class BodyLimits(RequestDelegate next, GatewayOptions options, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            await next(context);
            return;
        }

        var body = Enum.Parse<Body>(context.GetRouteModel().Config.Metadata![Proxy.BodyKey]);
        var limit = options.Limit(body);
        var request = context.Request;
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        if (request.ContentLength > limit)
        {
            await Refuse(context);
            return;
        }

        using var late = new CancellationTokenSource(options.Time(body), time);
        request.Body = new LimitedStream(request.Body, limit, late.Token);
        if (body != Body.Json)
        {
            await next(context);
            if (context.Response.StatusCode >= StatusCodes.Status400BadRequest && context.Response.HasStarted)
            {
                // The service refused before it had read all.
                await Drain(context);
            }

            return;
        }

        // It grows with what comes: ten thousand announced megabytes of which nothing comes are ten thousand times nothing.
        using var whole = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(whole, context.RequestAborted);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await Refuse(context);
            return;
        }
        catch (BadHttpRequestException tooSlow) when (tooSlow.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            await TooSlow(context);
            return;
        }

        whole.Position = 0;
        request.Body = whole;
        await next(context);
    }

    /// <summary>Not drained: whoever sends so slowly is not waited for.</summary>
    internal static Task TooSlow(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return Problems.TooSlow().ExecuteAsync(context);
    }

    internal static async Task Refuse(HttpContext context)
    {
        await CommonProblems.ForStatus(StatusCodes.Status413PayloadTooLarge).ExecuteAsync(context);
        await Drain(context);
    }

    private static Task Drain(HttpContext context) =>
        RefusedBodies.Drain(context, context.Request.Body is LimitedStream limited ? limited.Inner : context.Request.Body);
}
