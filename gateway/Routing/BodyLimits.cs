using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using SecondOpinion.ServiceDefaults.Problems;
using Yarp.ReverseProxy.Model;

namespace SecondOpinion.Gateway.Routing;

/// <summary>
/// Refuses a body that is larger than its route takes: by its declared length before a byte is read, else when the limit is passed. A JSON body is read whole
/// before it is passed on, so a service sees complete requests only; uploads stream.
/// </summary>
internal sealed class BodyLimits(RequestDelegate next, IOptions<GatewayOptions> options)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var body = Enum.Parse<Body>(context.GetRouteModel().Config.Metadata![Proxy.BodyKey]);
        var limit = options.Value.Limit(body);
        var request = context.Request;
        var kestrel = context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>();
        if (request.ContentLength > limit)
        {
            await Refuse(context, kestrel);
            return;
        }

        if (body != Body.Json)
        {
            kestrel.MaxRequestBodySize = limit;
            await next(context);
            return;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            await next(context);
            return;
        }

        // Counted here, since Kestrel cuts the connection at its own limit and the caller might never read why.
        kestrel.MaxRequestBodySize = null;
        using var whole = new MemoryStream((int)(request.ContentLength ?? 4096));
        if (!await ReadUpTo(limit, request.Body, whole, context.RequestAborted))
        {
            await Refuse(context, kestrel);
            return;
        }

        whole.Position = 0;
        request.Body = whole;
        await next(context);
    }

    private static async Task<bool> ReadUpTo(long limit, Stream from, MemoryStream to, CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancel)) > 0)
        {
            if (to.Length + read > limit)
            {
                return false;
            }

            to.Write(buffer, 0, read);
        }

        return true;
    }

    /// <summary>Without a limit Kestrel reads and drops what still comes, for five seconds at most, so that the caller sees the answer and not a reset.</summary>
    private static Task Refuse(HttpContext context, IHttpMaxRequestBodySizeFeature kestrel)
    {
        if (!kestrel.IsReadOnly)
        {
            kestrel.MaxRequestBodySize = null;
        }

        return CommonProblems.ForStatus(StatusCodes.Status413PayloadTooLarge).ExecuteAsync(context);
    }
}
