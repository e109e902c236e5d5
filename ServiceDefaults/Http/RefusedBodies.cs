using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// Lets a caller whose body was refused finish writing, for a while, after the answer has been given. Many clients write all of it before they look at the
/// answer, and a connection that is reset meanwhile hides it from them: they see a broken pipe where a 413 was said.
/// </summary>
public static class RefusedBodies
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    internal static void UseRefusedBodies(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        await next(context);
        // Over HTTP/2 a refusal is heard at once, in the midst of the body.
        if (context.Response.StatusCode >= StatusCodes.Status400BadRequest && HttpProtocol.IsHttp11(context.Request.Protocol)
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            await Drain(context, context.Request.Body);
        }
    });

    /// <summary>Ends the answer, then reads and throws away what still comes, for 20 seconds at most.</summary>
    /// <param name="context">The request that was refused.</param>
    /// <param name="rest">Its body, without any limit of ours around it.</param>
    public static async Task Drain(HttpContext context, Stream rest)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // What was refused for its length alone has not been read yet, and Kestrel would not read it.
            limit.MaxRequestBodySize = null;
        }

        await context.Response.CompleteAsync();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Longest);
        try
        {
            await rest.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The caller left, or goes on for too long: the answer has been given, and Kestrel closes the connection.
        }
    }
}
