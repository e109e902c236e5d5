using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>Forms of the types that have a converter of ours (<c>StrictJson</c>), of which the generator knows nothing.</summary>
internal static class SchemaForms
{
    private static readonly Dictionary<Type, string?> Forms = new()
    {
        [typeof(string)] = null,
        [typeof(Guid)] = "uuid",
        [typeof(DateOnly)] = "date",
        [typeof(DateTimeOffset)] = "date-time",
    };

    public static void Complete(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        // A parameter is left out, never null.
        var type = context.JsonTypeInfo.Type;
        Describe(schema, context.ParameterDescription is null ? type : Nullable.GetUnderlyingType(type) ?? type,
            context.JsonPropertyInfo is { } member && (member.IsGetNullable || member.IsSetNullable));
        if (schema.Type?.HasFlag(JsonSchemaType.Array) == true && schema.Items is null && context.JsonTypeInfo.ElementType is { } element)
        {
            var items = new OpenApiSchema();
            Describe(items, element, isNullable: false);
            schema.Items = items;
        }

        if (schema.Type?.HasFlag(JsonSchemaType.Object) == true && schema.AdditionalProperties is null
            && context.JsonTypeInfo.Kind == JsonTypeInfoKind.Dictionary
            && context.JsonTypeInfo.ElementType is { } value && Forms.ContainsKey(Nullable.GetUnderlyingType(value) ?? value))
        {
            var values = new OpenApiSchema();
            Describe(values, value, isNullable: false);
            schema.AdditionalProperties = values;
        }
    }

    private static void Describe(OpenApiSchema schema, Type type, bool isNullable)
    {
        var inner = Nullable.GetUnderlyingType(type) ?? type;
        if (schema.Type is null && Forms.TryGetValue(inner, out var format))
        {
            schema.Type = isNullable || inner != type ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
            schema.Format = format;
        }
    }
}
