using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// What <c>JsonSerializerOptions.Strict</c> asks of requests (no unknown, doubled or missing member, no null where none is allowed), in camelCase.
/// </summary>
internal static class StrictJson
{
    public static void AddStrictJson(this IServiceCollection services) => services.ConfigureHttpJsonOptions(options =>
    {
        var json = options.SerializerOptions;
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        json.TypeInfoResolver = (json.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver()).WithAddedModifier(NoNullElements.Check);
        json.Converters.Add(new TextJson());
        json.Converters.Add(new ElementJson());
        json.Converters.Add(new UuidJson());
        json.Converters.Add(new DateJson());
        json.Converters.Add(new MomentJson());
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    });
}
