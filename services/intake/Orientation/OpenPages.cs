using Microsoft.Net.Http.Headers;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Orientation;

/// <summary>
/// Pages about nobody may be kept by whoever reads them: their content is part of the program, so that the program's version and the day (some rules begin on
/// one) say whether they have changed.
/// </summary>
internal static class OpenPages
{
    private static readonly string Version = typeof(OpenPages).Module.ModuleVersionId.ToString("N")[..16];

    /// <summary>Says of the pages among them what <see cref="Cacheable"/> does.</summary>
    public static RouteGroupBuilder Describe(RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            if (endpoint.Metadata.OfType<HttpMethodMetadata>().Any(m => m.HttpMethods.Contains(HttpMethods.Get)))
            {
                endpoint.Metadata.Add(ResponseHeaders.Etag);
                endpoint.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status304NotModified));
            }
        });
        return group;
    }

    public static async ValueTask<object?> Cacheable(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            return await next(context);
        }

        var day = FrenchTime.Day(http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        var tag = new EntityTagHeaderValue($"\"{Version}-{day:yyyyMMdd}\"");
        var result = await next(context);
        var answer = result is INestedHttpResult nested ? nested.Result : result;
        if (answer is not IStatusCodeHttpResult { StatusCode: StatusCodes.Status200OK })
        {
            return result;
        }

        http.Response.Headers.CacheControl = "public, max-age=300";
        http.Response.GetTypedHeaders().ETag = tag;
        return http.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false))
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : result;
    }
}
