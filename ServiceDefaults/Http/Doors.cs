using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// What is true of every request before its endpoint sees it: HEAD is a GET without its body, compressed JSON is inflated, parameters are text and dates of one
/// form.
/// </summary>
internal static partial class Doors
{
    private static readonly string[] Encodings = ["gzip", "br", "deflate"];
    private static readonly ConcurrentDictionary<MethodInfo, IReadOnlyDictionary<string, Type>> Dated = new();

    /// <summary>
    /// Routing, with HEAD wherever GET is: what found no endpoint as HEAD is looked for again as GET. The server sends no body for what came as HEAD.
    /// </summary>
    public static void UseRoutingWithHead(this WebApplication app)
    {
        app.UseRouting();
        app.Use((context, next) =>
        {
            if (HttpMethods.IsHead(context.Request.Method) && context.GetEndpoint() is not RouteEndpoint)
            {
                context.Request.Method = HttpMethods.Get;
                context.SetEndpoint(null);
            }

            return next(context);
        });
        // Skipped where an endpoint is known.
        app.UseRouting();
    }

    /// <summary>After routing.</summary>
    public static void UseDoors(this WebApplication app)
    {
        app.Use((context, next) => Encoded(context.Request) is { } problem ? problem.ExecuteAsync(context) : next(context));
        // Inflates within the limit of the request body: what unfolds beyond it is a 413.
        app.UseWhen(
            context => context.Request.Headers.ContentEncoding.Count > 0,
            inflated => inflated.UseRequestDecompression().Use((context, next) =>
            {
                context.Request.Body = new InflatedBody(context.Request.Body);
                return next(context);
            }));
        app.Use((context, next) => Parameters(context) is { Count: > 0 } faults ? CommonProblems.Invalid([.. faults]).ExecuteAsync(context) : next(context));
    }

    private static Problem? Encoded(HttpRequest request)
    {
        // A body in JSON is UTF-8 (RFC 8259, 8.1): whatever else is named is not read at all.
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.Charset.HasValue
            && type.MediaType.Value!.Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            if (!type.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            {
                return CommonProblems.UnsupportedMediaType.Because(
                    "JSON is sent in UTF-8. Leave charset out of Content-Type, or say utf-8.",
                    "Le JSON s'envoie en UTF-8 : retirez charset de Content-Type, ou indiquez utf-8.");
            }

            // The framework would look it up, and not find it in quotes.
            type.Charset = default;
            request.ContentType = type.ToString();
        }

        return Coded(request);
    }

    private static Problem? Coded(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return !Encodings.Contains(encoding, StringComparer.OrdinalIgnoreCase)
            ? CommonProblems.UnsupportedMediaType.Because(
                "This Content-Encoding is not known. Send the body as it is, or as gzip, br or deflate.",
                "Cet encodage (Content-Encoding) n'est pas connu. Envoyez le corps tel quel, ou en gzip, br ou deflate.")
            : request.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) != true
                ? CommonProblems.UnsupportedMediaType.Because(
                    "Only JSON bodies may be compressed. Send a file as it is, without Content-Encoding.",
                    "Seul un corps JSON peut être compressé. Envoyez un fichier tel quel, sans Content-Encoding.")
                : null;
    }

    private static List<FieldError> Parameters(HttpContext context)
    {
        var faults = new List<FieldError>();
        var dated = context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>() is { } method ? Dated.GetOrAdd(method, DatesOf) : new Dictionary<string, Type>();
        foreach (var (name, values) in context.Request.Query)
        {
            foreach (var value in values.OfType<string>())
            {
                var pointer = $"#/{name}";
                if (PlainText.Clean(name, out _) is not null)
                {
                    faults.Add(new FieldError("#/", "control_character", "Le nom d'un paramètre contient un caractère de commande : retirez-le."));
                }
                else if (value.Contains('\uFFFD') || IsUndecoded(context.Request, value) || PlainText.Clean(value, out _) is { Code: "broken_character" })
                {
                    faults.Add(new FieldError(pointer, PlainText.Broken.Code, PlainText.Broken.French));
                }
                else if (PlainText.Clean(value, out _) is { } fault)
                {
                    faults.Add(new FieldError(pointer, fault.Code, fault.French));
                }
                else if (dated.TryGetValue(name, out var type) && value.Length > 0)
                {
                    if (type == typeof(DateOnly) ? !Dates.TryDate(value, out _) : !Dates.TryMoment(value, out _))
                    {
                        faults.Add(
                            type == typeof(DateOnly)
                                ? new FieldError(pointer, "not_a_date", Dates.DateFrench)
                                : new FieldError(pointer, "not_a_moment", Dates.MomentFrench));
                    }
                }
            }
        }

        return faults;
    }

    /// <summary>What is no UTF-8 (a percent-encoded Latin-1 letter) is left as it stood in the address.</summary>
    private static bool IsUndecoded(HttpRequest request, string value) =>
        HighByte().Match(value) is { Success: true } left && request.QueryString.Value?.Contains(left.Value, StringComparison.Ordinal) == true;

    [GeneratedRegex("%[89A-Fa-f][0-9A-Fa-f]")]
    private static partial Regex HighByte();

    /// <summary>The framework would read 01/12/2026 as 12 January.</summary>
    private static Dictionary<string, Type> DatesOf(MethodInfo method)
    {
        var parameters = method.GetParameters().SelectMany(p => p.GetCustomAttribute<AsParametersAttribute>() is null
            ? [(Name: p.Name ?? "", Type: p.ParameterType)]
            : p.ParameterType.GetProperties().Select(m => (m.Name, Type: m.PropertyType)));
        return parameters.Select(p => (p.Name, Type: Nullable.GetUnderlyingType(p.Type) ?? p.Type))
            .Where(p => p.Type == typeof(DateOnly) || p.Type == typeof(DateTimeOffset) || p.Type == typeof(DateTime))
            .ToDictionary(p => p.Name, p => p.Type, StringComparer.OrdinalIgnoreCase);
    }
}
