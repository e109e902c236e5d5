using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>
/// The service's OpenAPI 3.1 document: types and routes as the framework finds them, sentences from the code's own documentation (<see cref="XmlDocs"/>),
/// refusals, headers and roles from the endpoint. What is written beside the code is written once (docs/decisions/0061).
/// </summary>
internal static class ApiDescription
{
    public static void AddApiDescription(this WebApplicationBuilder builder, string service) => builder.Services.AddOpenApi("v1", options =>
    {
        var schemas = new DescribeSchemas();
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = DescribeSchemas.NameOf;
        options.AddSchemaTransformer((schema, context, _) =>
        {
            SchemaForms.Complete(schema, context);
            schemas.Remember(context.JsonTypeInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            DescribeOperations.Complete(operation, context, service);
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
            schemas.Complete(document);
            DescribeOperations.DescribeAnswers(document);
            return Task.CompletedTask;
        });
    });
}
