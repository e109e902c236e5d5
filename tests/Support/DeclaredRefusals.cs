using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Tests.Support;

/// <summary>
/// Stands around the endpoints of a service under test and notes every refusal that the API description does not name for its operation. What is noted fails
/// the test class when its service stops, so each test of a refusal also holds its description.
/// </summary>
internal sealed class DeclaredRefusals : IStartupFilter
{
    private readonly ConcurrentDictionary<string, string> _undeclared = new();

    public void Check()
    {
        if (!_undeclared.IsEmpty)
        {
            throw new InvalidOperationException(
                $"Answered but not described; name them with .Refuses(…) where the endpoint is mapped:\n{string.Join('\n', _undeclared.Keys.Order())}");
        }
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, further) =>
        {
            await further(context);
            // An exception takes the endpoint away before it is answered.
            var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
            if (context.Features.Get<AnsweredProblem>() is { Type: var type } && endpoint is RouteEndpoint route
                && route.RoutePattern.RawText?.TrimStart('/').StartsWith("api/", StringComparison.Ordinal) == true && !EndpointRefusals.Declares(route, type))
            {
                _undeclared[$"{context.Request.Method} {route.RoutePattern.RawText}: {type.Code} {type.Title}"] = "";
            }
        });
        next(app);
    };
}
