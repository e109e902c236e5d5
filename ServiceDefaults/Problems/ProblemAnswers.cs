using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;

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
        app.UseStatusCodePages(context => Of(context.HttpContext, context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
        // A file's refused range carries the headers of the file that is not sent: with them it would pass for an answer that has its body.
        app.Use(async (http, next) =>
        {
            await next(http);
            if (http.Response is { StatusCode: StatusCodes.Status416RangeNotSatisfiable, HasStarted: false } refused)
            {
                refused.ContentType = null;
                refused.ContentLength = null;
                refused.Headers.ContentDisposition = default;
            }
        });
    }

    private static Problem Of(HttpContext http, int status) => TokenFault.Of(http, status) ?? CommonProblems.ForStatus(status);

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
            BadHttpRequestException { InnerException: JsonException json } => UnreadableJson.Of(json),
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

    private static Problem ForBadRequest(BadHttpRequestException bad) => bad.StatusCode switch
    {
        400 => CommonProblems.BadRequest.Because(
            bad.Message.Contains("body", StringComparison.OrdinalIgnoreCase)
                ? "The body is missing or cut off. Send the JSON object that /docs describes for this route."
                : "A parameter is missing or of another form than /docs describes for this route.",
            bad.Message.Contains("body", StringComparison.OrdinalIgnoreCase)
                ? "Le corps de la demande manque ou est coupé. Envoyez l'objet JSON décrit dans /docs pour cette route."
                : "Un paramètre manque ou n'a pas la forme décrite dans /docs pour cette route.",
            Named(bad)),
        _ => CommonProblems.ForStatus(bad.StatusCode),
    };

    /// <summary>The parameter at fault, from the framework's own sentence: <c>Failed to bind parameter "Nullable&lt;int&gt; limit" from "x".</c></summary>
    private static FieldError[] Named(BadHttpRequestException bad) => Parameter().Match(bad.Message) is { Success: true } match
        ? [new FieldError($"#/{match.Groups[2].Value}", "wrong_type", match.Groups[1].Value switch
        {
            var type when type.Contains("DateOnly", StringComparison.Ordinal) => Text.Dates.DateFrench,
            var type when type.Contains("DateTime", StringComparison.Ordinal) => Text.Dates.MomentFrench,
            var type when type.Contains("Guid", StringComparison.Ordinal) => "Un identifiant UUID est attendu.",
            var type when type.Contains("int", StringComparison.OrdinalIgnoreCase) || type.Contains("long", StringComparison.Ordinal) =>
                "Un nombre entier est attendu.",
            var type when type.Contains("bool", StringComparison.OrdinalIgnoreCase) => "true ou false est attendu.",
            _ => "Ce paramètre est obligatoire : donnez-lui une valeur de la forme décrite dans /docs.",
        })]
        : [];

    [System.Text.RegularExpressions.GeneratedRegex("parameter \"(.*?) (\\w+)\"")]
    private static partial System.Text.RegularExpressions.Regex Parameter();

    private Problem Away(Exception exception)
    {
        Log.DependencyAway(logger, exception);
        return CommonProblems.Away();
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
