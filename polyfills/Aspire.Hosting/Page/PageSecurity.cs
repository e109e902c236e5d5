using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Page;

/// <summary>
/// The page starts and stops processes and shows logs, so another site that is open in the same browser must reach none of it: not under
/// another host name (DNS rebinding), not by a posted form, not in a frame.
/// </summary>
internal sealed class PageSecurity(int port, int grpcPort)
{
    public const string TokenHeader = "X-Page-Token";

    /// <summary>In the page itself, where only the same origin can read it; new at every start.</summary>
    public static string Token { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        var host = context.Request.Host;
        if (host.Host is not ("localhost" or "127.0.0.1" or "[::1]") || (host.Port ?? 80) is var asked && asked != port && asked != grpcPort)
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        var site = context.Request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var path = context.Request.Path;
        if (path.StartsWithSegments("/api") && HttpMethods.IsPost(context.Request.Method) && !HasToken(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        await next(context);
    }

    private static bool HasToken(HttpRequest request) => CryptographicOperations.FixedTimeEquals(
        System.Text.Encoding.UTF8.GetBytes(request.Headers[TokenHeader].ToString()), System.Text.Encoding.UTF8.GetBytes(Token));
}
