using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Primitives;

namespace SecondOpinion.Gateway.Edge;

/// <summary>What is true of every request that comes in and every answer that leaves, whatever the route.</summary>
internal static class EdgePipeline
{
    /// <summary>A caller may not speak for a proxy, another user or another tracing system. Cookies are never credentials here.</summary>
    private static readonly FrozenSet<string> Dropped = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "baggage", "tracestate", "Request-Id", "Correlation-Context", "Forwarded", "Cookie", "X-Real-IP", "X-HTTP-Method-Override");

    private static readonly string[] DroppedPrefixes = ["X-Forwarded-", "X-User-", "X-Original-"];

    /// <summary>The cache of pages that are open to the world.</summary>
    internal const string OpenPages = "open pages";

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public static void AddEdge(this WebApplicationBuilder builder)
    {
        builder.Services.AddOutputCache(cache =>
        {
            cache.SizeLimit = 64 << 20;
            cache.MaximumBodySize = 1 << 20;
            // Pages about nobody, read by people in need: answered from here, however many ask. Requests with a token are passed on.
            cache.AddPolicy(OpenPages, policy => policy.Expire(TimeSpan.FromMinutes(5)).SetVaryByQuery("*").SetVaryByHeader("Accept-Language"));
        });
        builder.Services.AddSingleton<DistributedContextPropagator, EdgePropagator>();
        var origins = builder.Configuration.GetSection("Cors:Origins").Get<string[]>() ?? [];
        if (origins.Length > 0)
        {
            builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
                .WithOrigins(origins)
                .WithMethods(Methods)
                .WithHeaders("Authorization", "Content-Type", "Accept-Language", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Range",
                    "Upload-Offset", "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Checksum", "Document-Type", "Document-Date", "Document-Name",
                    "Content-Disposition", "Content-Encoding", "traceparent")
                .WithExposedHeaders("ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Request-Id", "Content-Disposition", "Upload-Offset",
                    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm", "Upload-Length", "Upload-Metadata",
                    "Upload-Expires",
                    "Accept-Ranges", "Content-Range", "Content-Length", "Content-Language", "Idempotent-Replayed", "WWW-Authenticate", "Allow")
                .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        }
    }

    /// <summary>Drops what a caller may not claim; puts the trace id and the safety headers on every answer, errors included.</summary>
    public static void UseCleanHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        var headers = context.Request.Headers;
        foreach (var name in ToDrop(headers))
        {
            headers.Remove(name);
        }

        if (headers.TryGetValue("traceparent", out var parent) && !EdgePropagator.IsValid(parent.ToString()))
        {
            headers.Remove("traceparent");
        }

        context.Response.OnStarting(static state =>
        {
            AddSafetyHeaders((HttpContext)state);
            return Task.CompletedTask;
        }, context);
        return next(context);
    });

    /// <summary>TRACE, CONNECT and invented methods end here.</summary>
    public static void UseKnownMethods(this WebApplication app) => app.Use((context, next) =>
    {
        if (Methods.Contains(context.Request.Method))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        context.Response.Headers.Allow = string.Join(", ", Methods);
        return Task.CompletedTask;
    });

    /// <summary>Cross-origin calls are closed unless <c>Cors:Origins</c> names the front ends.</summary>
    public static void UseAllowedOrigins(this WebApplication app)
    {
        if (app.Configuration.GetSection("Cors:Origins").GetChildren().Any())
        {
            app.UseCors();
        }
    }

    /// <summary>The gateway is healthy by itself: it must go on answering while a service is away.</summary>
    public static void MapEdgeHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") }).AllowAnonymous();
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
    }

    /// <summary>Everything else is a plain 404, with or without a token.</summary>
    public static void MapNothingHere(this WebApplication app) =>
        app.Map("/{**path}", () => Problems.NoSuchRoute()).AllowAnonymous().WithOrder(int.MaxValue).ExcludeFromDescription();

    /// <summary>Nearly always nothing, which then costs nothing: every request comes by here.</summary>
    private static IReadOnlyList<string> ToDrop(IHeaderDictionary headers)
    {
        List<string>? found = null;
        foreach (var (name, _) in headers)
        {
            if (IsDropped(name))
            {
                (found ??= []).Add(name);
            }
        }

        return found ?? (IReadOnlyList<string>)[];
    }

    private static bool IsDropped(string name) => Dropped.Contains(name)
        || (name[0] is 'X' or 'x' && DroppedPrefixes.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase)));

    private static void AddSafetyHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers["Request-Id"] = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        headers["Cross-Origin-Resource-Policy"] = "same-site";
        Add(headers, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        Add(headers, "Cache-Control", "no-store");
        headers.Remove("Server");
        headers.Remove("X-Powered-By");
    }

    private static void Add(IHeaderDictionary headers, string name, StringValues value)
    {
        if (!headers.ContainsKey(name))
        {
            headers[name] = value;
        }
    }
}
