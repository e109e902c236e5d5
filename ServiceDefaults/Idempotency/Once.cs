using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace SecondOpinion.ServiceDefaults.Idempotency;

/// <summary>A success that was, or had already been, given under an Idempotency-Key.</summary>
/// <param name="status">The first answer's status.</param>
/// <param name="body">The first answer's JSON, to the letter.</param>
public sealed class Once<T>(int status, string? location, string? etag, string? body, bool replayed)
    : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider where T : IResult, IEndpointMetadataProvider
{
    public int? StatusCode => status;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        if (location is not null)
        {
            response.Headers.Location = location;
        }

        if (etag is not null)
        {
            response.Headers.ETag = etag;
        }

        if (replayed)
        {
            response.Headers["Idempotent-Replayed"] = "true";
        }

        if (body is not null)
        {
            response.ContentType = "application/json; charset=utf-8";
            await response.WriteAsync(body, httpContext.RequestAborted);
        }
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        T.PopulateMetadata(method, builder);
        builder.Metadata.Add(new RequiresIdempotencyKey());
    }
}

/// <summary>Marks an endpoint in the API description.</summary>
public sealed class RequiresIdempotencyKey;
