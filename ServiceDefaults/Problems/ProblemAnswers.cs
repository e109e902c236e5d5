using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>Every 4xx and 5xx is a problem: exceptions, unreadable bodies and bare statuses from the framework alike.</summary>
public static class ProblemAnswers
{
    public static void AddProblemAnswers(this IServiceCollection services)
    {
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionToProblem>();
        // Unreadable JSON then reaches the exception handler, which can say where; the default is an empty 400.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    public static void UseProblemAnswers(this IApplicationBuilder app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = context => !IsOurFault(context.Exception) });
        app.UseStatusCodePages(context => CommonProblems.ForStatus(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
    }

    private static bool IsOurFault(Exception exception) => exception is not (ProblemException or BadHttpRequestException or OperationCanceledException);
}

internal sealed partial class ExceptionToProblem(ILogger<ExceptionToProblem> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var problem = exception switch
        {
            ProblemException refused => refused.Problem,
            BadHttpRequestException { InnerException: JsonException json } => Unreadable(json),
            BadHttpRequestException bad => ForBadRequest(bad),
            NpgsqlException { IsTransient: true } => Away(exception),
            TimeoutException => Away(exception),
            IOException { HResult: NoSpaceLeft } => CommonProblems.StorageFull.Because("Try again later.", "Réessayez plus tard."),
            _ => Unexpected(exception),
        };
        await problem.ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>ENOSPC as .NET reports it on Linux.</summary>
    private const int NoSpaceLeft = 28;

    private static Problem Unreadable(JsonException json)
    {
        // Path and line only: the message may quote what the person typed.
        var pointer = "#" + (json.Path ?? "$")[1..].Replace('.', '/').Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        return CommonProblems.BadRequest.Because(
            $"The JSON body does not fit the description at {pointer} (line {json.LineNumber + 1}): a member is unknown, doubled, missing or of another type.",
            $"Le corps JSON ne correspond pas à la description à {pointer} (ligne {json.LineNumber + 1}) : membre inconnu, en double, manquant ou d'un autre type.",
            new FieldError(pointer, "invalid_json", "Valeur illisible ou inattendue."));
    }

    private static Problem ForBadRequest(BadHttpRequestException bad) => bad.StatusCode switch
    {
        400 => CommonProblems.BadRequest.Because(
            "A parameter or the body is missing or of another type than described.",
            "Un paramètre ou le corps manque, ou n'a pas le type décrit."),
        _ => CommonProblems.ForStatus(bad.StatusCode),
    };

    private Problem Away(Exception exception)
    {
        Log.DependencyAway(logger, exception);
        return new Problem(CommonProblems.Unavailable, "Try again in a moment.", "Réessayez dans un instant.", []) { RetryAfterSeconds = 5 };
    }

    private Problem Unexpected(Exception exception)
    {
        Log.Unexpected(logger, exception);
        return CommonProblems.ForStatus(500);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A dependency is away")]
        public static partial void DependencyAway(ILogger logger, Exception exception);

        [LoggerMessage(LogLevel.Error, "Unexpected failure")]
        public static partial void Unexpected(ILogger logger, Exception exception);
    }
}
