using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace SecondOpinion.Gateway.ApiDescription;

/// <summary>The one description of the public API, and the page that shows it. Both are open: they describe, and hold no data.</summary>
internal static class OpenApiDocument
{
    public static void AddApiDescriptions(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(nameof(ServiceDocuments), client => client.Timeout = TimeSpan.FromSeconds(10))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
        builder.Services.AddSingleton<ServiceDocuments>();
    }

    public static void Map(WebApplication app) => app.MapGet("/openapi/v1.json", Handle).AllowAnonymous().ExcludeFromDescription();

    /// <summary>The page is Swagger UI, which needs its own scripts and inline styles; nothing from elsewhere.</summary>
    public static void UseDocsPage(this WebApplication app)
    {
        // Only what is asked below /docs comes by here: the page compares every path with patterns of its own.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), docs =>
        {
            docs.Use((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy =
                    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";
                context.Response.Headers.CacheControl = "no-cache";
                return next(context);
            });
            docs.UseSwaggerUI(page =>
            {
                page.RoutePrefix = "docs";
                page.DocumentTitle = "SecondOpinion API";
                page.SwaggerEndpoint("/openapi/v1.json", "SecondOpinion v1");
            });
        });
    }

    private static async Task<Results<ContentHttpResult, StatusCodeHttpResult>> Handle(HttpContext http, ServiceDocuments documents, CancellationToken cancel)
    {
        var merged = ApiMerge.Merge(await documents.FromAll("/openapi/v1.json", cancel));
        var text = merged.Document.ToJsonString();
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8))}\"");
        http.Response.GetTypedHeaders().ETag = tag;
        http.Response.Headers.CacheControl = "no-cache";
        return http.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false))
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Text(text, "application/json", Encoding.UTF8);
    }
}
