using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Tests.Support;

/// <summary>
/// Stands around the endpoints of a service under test and notes every refusal, and every header of a success, that the API description does not name for its
/// operation. What is noted fails the test class when its service stops, so each test of an answer also holds its description.
/// </summary>
internal sealed class DeclaredRefusals : IStartupFilter
{
    /// <summary>Headers that a client decides by.</summary>
    private static readonly string[] Telling =
        ["ETag", "Location", "Upload-Offset", "Content-Disposition", "Accept-Ranges", "Content-Range", "Idempotent-Replayed"];

    private readonly ConcurrentDictionary<string, string> _undeclared = new();

    public void Check()
    {
        if (!_undeclared.IsEmpty)
        {
            throw new InvalidOperationException(
                "Answered but not described; name them with .Refuses(…), .Gives(…) where the endpoint is mapped:"
                + $"\n{string.Join('\n', _undeclared.Keys.Order())}");
        }
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, further) =>
        {
            await further(context);
            // An exception takes the endpoint away before it is answered.
            var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
            if (endpoint is not RouteEndpoint route || route.RoutePattern.RawText?.TrimStart('/').StartsWith("api/", StringComparison.Ordinal) != true)
            {
                return;
            }

            var operation = $"{context.Request.Method} {route.RoutePattern.RawText}";
            if (context.Features.Get<AnsweredProblem>() is { Type: var type } && !EndpointRefusals.Declares(route, type))
            {
                _undeclared[$"{operation}: {type.Code} {type.Title}"] = "";
            }

            if (context.Response.StatusCode is >= 200 and < 300 and not 206)
            {
                var declared = ResponseHeaders.Of(route.Metadata, context.Response.StatusCode).Select(h => h.Name);
                foreach (var name in Telling.Where(name => context.Response.Headers.ContainsKey(name)).Except(declared))
                {
                    _undeclared[$"{operation}: the header {name}"] = "";
                }
            }
        });
        next(app);
    };
}
