using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace SecondOpinion.ServiceDefaults.Telemetry;

/// <summary>
/// Names each request's span after its route and says how it ended. The framework leaves both to the instrumentation package; its own switch for
/// it would record paths and queries as they were sent, and what people search for is health data.
/// </summary>
internal sealed class RequestSpans : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // Outside the exception handler, so that the status is the one that was answered.
        app.Use(static async (context, proceed) =>
        {
            await proceed(context);
            if (context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity)
            {
                Describe(activity, context);
            }
        });
        next(app);
    };

    private static void Describe(Activity activity, HttpContext context)
    {
        var method = context.Request.Method;
        activity.SetTag("http.request.method", method);
        activity.SetTag("http.response.status_code", context.Response.StatusCode);

        // The exception handler has taken the endpoint off the request.
        var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        if (endpoint is RouteEndpoint { RoutePattern.RawText: { } route })
        {
            activity.SetTag("http.route", route);
            activity.DisplayName = $"{method} {route}";
        }

        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }
}
