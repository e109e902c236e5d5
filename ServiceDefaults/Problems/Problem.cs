using System.Diagnostics;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>An RFC 9457 answer: French or English by Accept-Language (French first), always with the trace id that support asks for.</summary>
public sealed class Problem : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    // French letters as they are: this is no HTML.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal Problem(ProblemType type, string detail, string detailFr, IReadOnlyList<FieldError> errors)
        : this(type, detail, detailFr, errors, new Dictionary<string, object?>(), null)
    {
    }

    private Problem(
        ProblemType type, string detail, string detailFr, IReadOnlyList<FieldError> errors, IReadOnlyDictionary<string, object?> members,
        int? retryAfterSeconds) =>
        (Type, Detail, DetailFr, Errors, Members, RetryAfterSeconds) = (type, detail, detailFr, errors, members, retryAfterSeconds);

    public ProblemType Type { get; }

    public string Detail { get; }

    public string DetailFr { get; }

    public IReadOnlyList<FieldError> Errors { get; }

    /// <summary>Further members of the answer, e.g. <c>allowed</c> states.</summary>
    public IReadOnlyDictionary<string, object?> Members { get; }

    /// <summary>Seconds after which a repeat makes sense; becomes Retry-After.</summary>
    public int? RetryAfterSeconds { get; }

    public int? StatusCode => Type.Status;

    /// <summary>The same with a further member, for programs: e.g. <c>state</c>.</summary>
    public Problem With(string member, object? value) =>
        new(Type, Detail, DetailFr, Errors, new Dictionary<string, object?>(Members) { [member] = value }, RetryAfterSeconds);

    /// <summary>The same with Retry-After.</summary>
    /// <param name="seconds">After which a repeat makes sense.</param>
    public Problem RetryAfter(int seconds) => new(Type, Detail, DetailFr, Errors, Members, seconds);

    /// <summary>Where nothing can be returned: a claim that a token lacks, and the doors of gRPC.</summary>
    public ProblemException AsException() => new(this);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Type.Status;
        httpContext.Features.Set(new AnsweredProblem(Type));
        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var french = WantsFrench(httpContext.Request);
        response.Headers.ContentLanguage = french ? "fr" : "en";
        response.Headers.CacheControl = "no-store";
        var body = new Dictionary<string, object?>
        {
            ["type"] = TypeUri(httpContext, Type.Code),
            ["title"] = french ? Type.TitleFr : Type.Title,
            ["status"] = Type.Status,
            ["detail"] = french ? DetailFr : Detail,
            ["code"] = Type.Code,
            ["traceId"] = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier,
        };
        if (Errors.Count > 0)
        {
            body["errors"] = Errors;
        }

        foreach (var (name, value) in Members)
        {
            body[name] = value;
        }

        await response.WriteAsJsonAsync(body, Json, "application/problem+json", httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        // Brings the form of a refusal into the API description; which ones there are is said by EndpointRefusals.
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status500InternalServerError, typeof(ProblemBody), ["application/problem+json"]));
    }

    private static string TypeUri(HttpContext context, string code)
    {
        var configured = context.RequestServices.GetService<IConfiguration>()?["Problems:BaseUri"];
        return $"{configured ?? "https://api.secondopinion.example"}/problems/{code}";
    }

    /// <summary>French unless English is asked for with a higher weight: people of this service read French.</summary>
    private static bool WantsFrench(HttpRequest request)
    {
        double Weight(string language) => request.GetTypedHeaders().AcceptLanguage
            .Where(l => l.Value.StartsWith(language, StringComparison.OrdinalIgnoreCase))
            .Select(l => l.Quality ?? 1).DefaultIfEmpty(0).Max();

        return Weight("en") <= Weight("fr");
    }
}

/// <summary>What a request was refused with, for whoever stands around the endpoints.</summary>
public sealed record AnsweredProblem(ProblemType Type);
