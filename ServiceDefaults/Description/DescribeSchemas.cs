using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>Every schema and property gets the sentence, the example and the data class that its type has in the code.</summary>
internal sealed partial class DescribeSchemas
{
    /// <summary>What the code uses of the framework's own types, which have no sentences for partners.</summary>
    private static readonly Dictionary<Type, (string Summary, Dictionary<string, string> Members)> Foreign = new()
    {
        [typeof(JsonObject)] = ("A JSON object whose form another standard defines.", []),
        [typeof(SseItem<>)] = ("One event of the stream (text/event-stream).", new()
        {
            ["data"] = "The state after the change.",
            ["eventType"] = "The event's name.",
            ["eventId"] = "Not used: the stream starts with the present state whenever it is opened.",
            ["reconnectionInterval"] = "Not used.",
        }),
    };

    private readonly ConcurrentDictionary<string, JsonTypeInfo> _types = new();

    /// <summary>
    /// The framework's name for a type, but for what every refusal looks like. Any JSON has none: it is described where it stands, for generators make of a
    /// name a class, which holds objects alone.
    /// </summary>
    public static string? NameOf(JsonTypeInfo type) =>
        type.Type == typeof(ProblemBody) ? ProblemBody.Schema
        : type.Type == typeof(JsonElement) ? null
        : OpenApiOptions.CreateDefaultSchemaReferenceId(type);

    /// <exception cref="InvalidOperationException">Two types have one name in the description: the one would be described as the other.</exception>
    public void Remember(JsonTypeInfo type)
    {
        if (NameOf(type) is { } name && _types.GetOrAdd(name, type) is { } known && Bare(known.Type) != Bare(type.Type))
        {
            throw new InvalidOperationException($"{known.Type} and {type.Type} are both called {name} in the API description: rename one.");
        }
    }

    public void Complete(OpenApiDocument document)
    {
        foreach (var (name, component) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (component is OpenApiSchema schema && _types.TryGetValue(name, out var type))
            {
                Complete(schema, type);
            }
        }
    }

    private static void Complete(OpenApiSchema schema, JsonTypeInfo info)
    {
        var type = Bare(info.Type);
        var foreign = Foreign.GetValueOrDefault(type.IsGenericType ? type.GetGenericTypeDefinition() : type);
        schema.Description ??= foreign.Summary ?? XmlDocs.Summary(type);
        if (type.IsEnum && schema.Description is not null)
        {
            var values = Enum.GetNames(type).Select(value => (Name: WordOf(type, value), Text: XmlDocs.Summary(type, value))).Where(v => v.Text is not null);
            schema.Description += string.Concat(values.Select(v => $"\n- `{v.Name}`: {v.Text}"));
        }

        if (type.IsEnum)
        {
            // What refers to it says whether null is possible; the framework adds it here, without a type, when it meets a nullable member first.
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. Enum.GetNames(type).Select(value => JsonValue.Create(WordOf(type, value)))];
        }

        if (type.GetCustomAttribute<HealthDataAttribute>() is not null)
        {
            Mark(schema);
        }

        foreach (var (name, member) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            var property = info.Properties.FirstOrDefault(p => p.Name == name)?.AttributeProvider as PropertyInfo;
            var text = foreign.Members?.GetValueOrDefault(name) ?? (property is null ? null : XmlDocs.Summary(property));
            member.Description = text ?? member.Description;
            if (member is not OpenApiSchema own)
            {
                continue;
            }

            if (text is not null && own.Examples is null && Example(text, own.Type) is { } example)
            {
                own.Examples = [example];
            }

            if (property?.GetCustomAttribute<HealthDataAttribute>() is not null)
            {
                Mark(own);
            }

            if (property is not null)
            {
                Bound(own, property);
            }
        }
    }

    /// <summary>What the member's own rule allows; lengths and ranges are the framework's attributes, which it reads itself.</summary>
    internal static void Bound(OpenApiSchema schema, ICustomAttributeProvider member)
    {
        var texts = schema.Type?.HasFlag(JsonSchemaType.Array) == true ? schema.Items as OpenApiSchema : schema;
        foreach (var attribute in member.GetCustomAttributes(inherit: true))
        {
            switch (attribute)
            {
                case CodesAttribute codes when texts == schema:
                    schema.Enum = [.. codes.Read().Select(code => JsonValue.Create(code))];
                    break;
                case CodesAttribute codes:
                    // No enum: generators write lists of enums as numbers. The list is in the sentence.
                    schema.Description += $" Codes: {string.Join(", ", codes.Read().Select(code => $"`{code}`"))}.";
                    break;
                case EachMaxLengthAttribute each:
                    texts!.MaxLength = each.Characters;
                    break;
                // The framework leaves these out where it knows no type: our converters of texts that may be null.
                case MaxLengthAttribute longest when texts == schema:
                    schema.MaxLength ??= longest.Length;
                    break;
                case RegularExpressionAttribute shape:
                    schema.Pattern ??= shape.Pattern;
                    break;
                case FormAttribute form:
                    texts!.Format = form.Name;
                    texts.Examples ??= [JsonValue.Create(form.Example)];
                    break;
            }
        }
    }

    /// <summary>The example that the sentence gives: <c>…, e.g. `"120.00"`</c>.</summary>
    internal static JsonNode? Example(string text, JsonSchemaType? type)
    {
        if (SpokenExample().Match(text) is not { Success: true } match || type is not { } form)
        {
            return null;
        }

        var spoken = match.Groups[1].Value.Trim('"');
        return form.HasFlag(JsonSchemaType.String) ? JsonValue.Create(spoken)
            : form.HasFlag(JsonSchemaType.Integer) && long.TryParse(spoken, CultureInfo.InvariantCulture, out var whole) ? JsonValue.Create(whole)
            : form.HasFlag(JsonSchemaType.Number) && decimal.TryParse(spoken, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number)
            : null;
    }

    private static void Mark(OpenApiSchema schema)
    {
        schema.Extensions ??= new Dictionary<string, IOpenApiExtension>();
        schema.Extensions["x-data-class"] = new JsonNodeExtension(JsonValue.Create("health"));
    }

    private static string WordOf(Type type, string value) =>
        type.GetField(value)!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(value);

    private static Type Bare(Type type) => Nullable.GetUnderlyingType(type) ?? type;

    [GeneratedRegex("e\\.g\\. `([^`]+)`")]
    private static partial Regex SpokenExample();
}
