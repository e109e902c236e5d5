using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using SecondOpinion.ServiceDefaults.Idempotency;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>The service's OpenAPI 3.1 document: what the code says, plus who may call and which headers a route needs.</summary>
internal static class ApiDescription
{
    /// <summary>Types that have a converter of ours (<see cref="StrictJson"/>), of which the generator knows nothing.</summary>
    private static readonly Dictionary<Type, string?> Forms = new()
    {
        [typeof(string)] = null,
        [typeof(Guid)] = "uuid",
        [typeof(DateOnly)] = "date",
        [typeof(DateTimeOffset)] = "date-time",
    };

    private static void Describe(OpenApiSchema schema, Type type, bool isNullable)
    {
        var inner = Nullable.GetUnderlyingType(type) ?? type;
        if (schema.Type is null && Forms.TryGetValue(inner, out var format))
        {
            schema.Type = isNullable || inner != type ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
            schema.Format = format;
        }
    }

    public static void AddApiDescription(this WebApplicationBuilder builder, string service) => builder.Services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddSchemaTransformer((schema, context, _) =>
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

            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = $"SecondOpinion {service}", Version = "v1" };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT" },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            var roles = metadata.OfType<AuthorizationPolicy>().SelectMany(p => p.Requirements).OfType<RolesAuthorizationRequirement>()
                .SelectMany(r => r.AllowedRoles).Distinct().ToList();
            if (roles.Count > 0)
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
                operation.Description = $"{operation.Description}\n\nRoles: {string.Join(", ", roles)}.".Trim();
            }

            operation.Tags = new HashSet<OpenApiTagReference> { new(service, context.Document) };
            if (metadata.OfType<RequiresIdempotencyKey>().Any())
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = "Idempotency-Key",
                    In = ParameterLocation.Header,
                    Required = true,
                    Description = "1 to 255 characters that name this attempt; repeat it when you retry. Kept 24 h.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
                });
            }

            return Task.CompletedTask;
        });
    });
}
