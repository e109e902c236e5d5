using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>Every operation tells who may call it, what its parameters, headers and answers mean, and each refusal it can give, with an
/// example.</summary>
internal static class DescribeOperations
{
    private const string ProblemJson = "application/problem+json";

    /// <summary>Parameters that mean the same on every route.</summary>
    private static readonly Dictionary<string, string> Everywhere = new()
    {
        ["limit"] = $"How many at most, 1 to {Cursors.MaxLimit}; {Cursors.DefaultLimit} when left out.",
        ["after"] = "The `next` of the page before, as it was given; left out for the first page.",
    };

    public static void Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, string service)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var method = metadata.OfType<MethodInfo>().FirstOrDefault();
        var document = context.Document!;
        var roles = metadata.OfType<AuthorizationPolicy>().SelectMany(p => p.Requirements).OfType<RolesAuthorizationRequirement>()
            .SelectMany(r => r.AllowedRoles).Distinct().ToList();
        if (roles.Count > 0)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
            operation.Description = $"{operation.Description}\n\nRoles: {string.Join(", ", roles)}.".Trim();
        }

        operation.Tags = new HashSet<OpenApiTagReference> { new(service, document) };
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            Describe(parameter, method);
        }

        var headers = metadata.OfType<RequestHeader>().ToList();
        if (metadata.OfType<RequiresIdempotencyKey>().Any())
        {
            headers.Add(IdempotencyKey.Header);
        }

        var inParts = metadata.OfType<ResponseHeaders.InParts>().Any();
        foreach (var header in inParts ? [.. headers, .. ResponseHeaders.OfRanges] : headers)
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(Parameter(header));
        }

        if (metadata.OfType<RawBody>().FirstOrDefault() is { } raw)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Description = raw.Description,
                Content = raw.MediaTypes.ToDictionary(type => type, _ =>
                    new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } }),
            };
        }

        Answers(
            operation, method, EndpointRefusals.Of([.. metadata], context.Description.RelativePath?.Contains('{', StringComparison.Ordinal) == true), document);
        Successes(operation, [.. metadata], inParts);
    }

    /// <summary>After the schemas have their sentences: a success that says nothing of its own is described by what it holds.</summary>
    public static void DescribeAnswers(OpenApiDocument document)
    {
        string? Sentence(string schema) => document.Components?.Schemas?.TryGetValue(schema, out var known) == true ? known.Description : null;

        foreach (var operation in document.Paths.Values.SelectMany(p => p.Operations ?? []).Select(o => o.Value))
        {
            foreach (var (status, answer) in (operation.Responses ?? []).Where(r => r.Key.StartsWith('2')))
            {
                if (answer is OpenApiResponse { Content: { Count: > 0 } content } response
                    && content.Values.First().Schema is OpenApiSchemaReference { Reference.Id: { } id }
                    && IsBare(response.Description, status) && Sentence(id) is { } text)
                {
                    response.Description = text;
                }
            }

            if (operation.RequestBody is OpenApiRequestBody { Description: null } body
                && body.Content?.Values.FirstOrDefault()?.Schema is OpenApiSchemaReference { Reference.Id: { } asked })
            {
                body.Description = Sentence(asked);
            }
        }
    }

    private static bool IsBare(string? description, string status) => description is null or "OK" or "Created" or "Accepted" || description == status;

    private static void Describe(OpenApiParameter parameter, MethodInfo? method)
    {
        parameter.Description ??= (method is null ? null : XmlDocs.Parameter(method, NameInCode(method, parameter.Name!)))
            ?? Everywhere.GetValueOrDefault(parameter.Name!);
        if (parameter.Schema is OpenApiSchema schema)
        {
            if (parameter is { Name: "limit", Schema: OpenApiSchema { Maximum: null } } && XmlDocsOwn(method) is null)
            {
                (schema.Minimum, schema.Maximum, schema.Default) = ("1", $"{Cursors.MaxLimit}", JsonValue.Create(Cursors.DefaultLimit));
            }

            if (method?.GetParameters().FirstOrDefault(p => p.Name == NameInCode(method, parameter.Name!)) is { } inCode)
            {
                DescribeSchemas.Bound(schema, inCode);
            }

            if (parameter.Description is { } text && parameter.Example is null && DescribeSchemas.Example(text, schema.Type) is { } example)
            {
                parameter.Example = example;
            }
        }

        static string? XmlDocsOwn(MethodInfo? method) => method is null ? null : XmlDocs.Parameter(method, "limit");
    }

    /// <summary>A header has another name in the code than on the wire.</summary>
    private static string NameInCode(MethodInfo method, string name) => method.GetParameters().FirstOrDefault(p => p.GetCustomAttributes()
        .OfType<IFromHeaderMetadata>().Any(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)))?.Name ?? name;

    private static OpenApiParameter Parameter(RequestHeader header) => new()
    {
        Name = header.Name,
        In = ParameterLocation.Header,
        Required = header.IsRequired,
        Description = header.Description,
        Example = header.IsNumber
            ? JsonValue.Create(long.Parse(header.Example, System.Globalization.CultureInfo.InvariantCulture))
            : JsonValue.Create(header.Example),
        Schema = header.IsNumber
            ? new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" }
            : new OpenApiSchema { Type = JsonSchemaType.String, Pattern = header.Pattern, MinLength = 1, MaxLength = header.MaxLength },
    };

    private static void Answers(OpenApiOperation operation, MethodInfo? method, IReadOnlyList<ProblemType> refusals, OpenApiDocument document)
    {
        operation.Responses ??= [];
        if (method is not null && XmlDocs.Returns(method) is { } returns)
        {
            foreach (var success in operation.Responses.Where(r => r.Key.StartsWith('2')).Select(r => r.Value).OfType<OpenApiResponse>())
            {
                success.Description = returns;
            }
        }

        if (operation.Responses.GetValueOrDefault("204") is OpenApiResponse { Description: "No Content" } done)
        {
            done.Description = "Done; the answer has no body.";
        }

        foreach (var ofStatus in refusals.GroupBy(t => t.Status))
        {
            var answer = new OpenApiResponse
            {
                Description = string.Join('\n', ofStatus.Select(ProblemExample.Line)),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [ProblemJson] = new()
                    {
                        Schema = new OpenApiSchemaReference(ProblemBody.Schema, document),
                        Examples = ofStatus.ToDictionary(t => t.Code, t => (IOpenApiExample)new OpenApiExampleReference(t.Code, document)),
                    },
                },
            };
            if (ofStatus.Key is 429 or 503)
            {
                answer.Headers = new Dictionary<string, IOpenApiHeader>
                {
                    ["Retry-After"] = new OpenApiHeader
                    {
                        Description = "Seconds after which a repeat makes sense.",
                        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0" },
                    },
                };
            }

            operation.Responses[$"{ofStatus.Key}"] = answer;
        }

        document.Components ??= new OpenApiComponents();
        document.Components.Examples ??= new Dictionary<string, IOpenApiExample>();
        foreach (var type in refusals)
        {
            document.Components.Examples[type.Code] = new OpenApiExample { Summary = type.Title, Value = ProblemExample.Body(type) };
        }
    }

    /// <summary>Their headers; bytes where no form is known; and what a download in parts answers instead of 200.</summary>
    private static void Successes(OpenApiOperation operation, IReadOnlyList<object> metadata, bool inParts)
    {
        foreach (var (status, answer) in operation.Responses!.Where(r => r.Key.StartsWith('2')).ToList())
        {
            var success = (OpenApiResponse)answer;
            if (metadata.OfType<ResponseHeaders.FileAnswer>().FirstOrDefault() is { } file)
            {
                success.Content = file.MediaTypes.ToDictionary(type => type, _ =>
                    new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } });
            }

            if (success.Content is { } forms && forms.TryGetValue("text/event-stream", out var events))
            {
                // Read line by line: what its data is stands in the description.
                events.Schema = new OpenApiSchema { Type = JsonSchemaType.String };
            }

            Add(success, ResponseHeaders.Of(metadata, int.Parse(status, System.Globalization.CultureInfo.InvariantCulture)));
            if (inParts)
            {
                var part = new OpenApiResponse { Description = "The part that `Range` asked for.", Content = success.Content };
                Add(part, [.. ResponseHeaders.Of(metadata, 206), ResponseHeaders.ContentRange]);
                operation.Responses!["206"] = part;
                operation.Responses["304"] = new OpenApiResponse { Description = "The bytes are those that `If-None-Match` names: none are sent." };
                Add((OpenApiResponse)operation.Responses["416"], [ResponseHeaders.ContentRange]);
            }
        }
    }

    private static void Add(OpenApiResponse response, IReadOnlyList<ResponseHeader> headers)
    {
        foreach (var header in headers)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers[header.Name] = new OpenApiHeader
            {
                Description = header.Description,
                Schema = header.IsNumber
                    ? new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" }
                    : new OpenApiSchema { Type = JsonSchemaType.String },
                Example = header.IsNumber
                    ? JsonValue.Create(long.Parse(header.Example, System.Globalization.CultureInfo.InvariantCulture))
                    : JsonValue.Create(header.Example),
            };
        }
    }
}
