using System.Text.Json.Nodes;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway.ApiDescription;

/// <param name="Document">OpenAPI 3.1.</param>
/// <param name="Notes">What a reader should know of this merge: services missing or not current, schemas renamed, paths claimed twice.</param>
internal sealed record MergedApi(JsonObject Document, IReadOnlyList<string> Notes);

/// <summary>
/// Joins the services' API descriptions into the one of the public API. Only published routes appear. A schema name that two services use for different
/// shapes, or an operation name that two use, is renamed for the second one and noted; a path claimed twice stays with the first.
/// </summary>
internal static class ApiMerge
{
    private static readonly string[] ComponentKinds = ["schemas", "responses", "parameters", "examples", "requestBodies", "headers"];

    private static readonly IReadOnlyDictionary<string, string> Tags = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["billing"] = "Who is covered by whom, and what is owed: eligibility, insurers, rosters, coverage, ledger.",
        ["intake"] = "The patient's case from the first question to the delivered opinion: catalogue, orientation, questionnaires, cases, documents.",
        ["matching"] = "How a case finds its physician.",
        ["physician"] = "Referring physicians: admission, worklist, opinions.",
        ["reporting"] = "Mission indicators, the mission report of a year, surveys, and the events of a case.",
    };

    public static MergedApi Merge(IReadOnlyList<ServiceDocument> services)
    {
        var notes = new List<string>();
        var operationIds = new HashSet<string>();
        var paths = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        var components = ComponentKinds.ToDictionary(kind => kind, _ => new SortedDictionary<string, JsonNode>(StringComparer.Ordinal));
        foreach (var service in services)
        {
            if (service.Content is not JsonObject original)
            {
                notes.Add($"{service.Service} has not answered yet: its routes are missing here.");
                continue;
            }

            if (!service.IsCurrent)
            {
                notes.Add($"{service.Service} does not answer: this is its last known description.");
            }

            var document = (JsonObject)original.DeepClone();
            var renamed = AddComponents(service.Service, document, components, notes);
            foreach (var (path, item) in document["paths"]?.AsObject().ToList() ?? [])
            {
                if (!Routes.IsPublished(service.Service, path))
                {
                    continue;
                }

                Rename(item, renamed);
                item!.Parent!.AsObject().Remove(path);
                if (!paths.TryAdd(path, item))
                {
                    notes.Add($"{path} is described by two services; {service.Service}'s description is left out.");
                    continue;
                }

                foreach (var operation in item.AsObject().Select(m => m.Value).OfType<JsonObject>())
                {
                    AddOwnRefusals(operation, components["examples"]);
                    if (operation["operationId"]?.GetValue<string>() is { } id && !operationIds.Add(id))
                    {
                        operation["operationId"] = Capitalized(service.Service) + id;
                        notes.Add(
                            $"Operation {id} of {service.Service} has the name of another service's and is called {Capitalized(service.Service)}{id} here.");
                    }
                }
            }
        }

        return new MergedApi(Assemble(paths, components, notes), notes);
    }

    /// <summary>What the gateway may answer instead of the service: too many requests, a service that is away, and on public routes a token of a
    /// role that has no business there.</summary>
    private static void AddOwnRefusals(JsonObject operation, SortedDictionary<string, JsonNode> examples)
    {
        IReadOnlyList<ProblemType> own =
        [
            .. operation.ContainsKey("security") ? [] : new[] { CommonProblems.Forbidden },
            CommonProblems.TooManyRequests, Problems.ServiceFailed, Problems.ServiceAway, Problems.ServiceTooSlow,
        ];
        var answers = Member(operation, "responses");
        foreach (var type in own)
        {
            var answer = Member(answers, $"{type.Status}");
            answer["description"] = answer["description"] is { } known ? $"{known.GetValue<string>()}\n{ProblemExample.Line(type)}" : ProblemExample.Line(type);
            if (type.Status is 429 or 503)
            {
                Member(answer, "headers")["Retry-After"] ??= new JsonObject
                {
                    ["description"] = "Seconds after which a repeat makes sense.",
                    ["schema"] = new JsonObject { ["minimum"] = 0, ["type"] = "integer", ["format"] = "int32" },
                };
            }

            var body = Member(Member(answer, "content"), "application/problem+json");
            body["schema"] ??= new JsonObject { ["$ref"] = $"#/components/schemas/{ProblemBody.Schema}" };
            Member(body, "examples")[type.Code] = new JsonObject { ["$ref"] = $"#/components/examples/{type.Code}" };
            examples.TryAdd(type.Code, new JsonObject { ["summary"] = type.Title, ["value"] = ProblemExample.Body(type) });
        }

        static JsonObject Member(JsonObject parent, string name) => (JsonObject)(parent[name] ??= new JsonObject());
    }

    private static Dictionary<string, string> AddComponents(
        string service, JsonObject document, Dictionary<string, SortedDictionary<string, JsonNode>> components, List<string> notes)
    {
        var own = (document["components"] as JsonObject)?.Where(kind => components.ContainsKey(kind.Key))
            .SelectMany(kind => kind.Value!.AsObject().Select(c => (Kind: kind.Key, Name: c.Key, Node: c.Value!))).ToList() ?? [];
        var renamed = own
            .Where(c => components[c.Kind].TryGetValue(c.Name, out var known) && !JsonNode.DeepEquals(known, c.Node))
            .ToDictionary(c => $"#/components/{c.Kind}/{c.Name}", c => $"#/components/{c.Kind}/{Capitalized(service)}{c.Name}");
        foreach (var (kind, name, node) in own)
        {
            Rename(node, renamed);
            node.Parent!.AsObject().Remove(name);
            var final = renamed.TryGetValue($"#/components/{kind}/{name}", out var reference) ? reference[(reference.LastIndexOf('/') + 1)..] : name;
            if (final != name)
            {
                notes.Add($"{kind}/{name} of {service} differs from another service's and is called {final} here.");
            }

            components[kind][final] = node;
        }

        return renamed;
    }

    private static void Rename(JsonNode? node, Dictionary<string, string> renamed)
    {
        if (renamed.Count == 0)
        {
            return;
        }

        switch (node)
        {
            case JsonObject o:
                foreach (var (key, value) in o.ToList())
                {
                    if (key == "$ref" && value is JsonValue reference && renamed.TryGetValue(reference.GetValue<string>(), out var to))
                    {
                        o[key] = to;
                    }
                    else
                    {
                        Rename(value, renamed);
                    }
                }

                break;
            case JsonArray a:
                foreach (var item in a)
                {
                    Rename(item, renamed);
                }

                break;
        }
    }

    private static JsonObject Assemble(
        SortedDictionary<string, JsonNode> paths, Dictionary<string, SortedDictionary<string, JsonNode>> components, List<string> notes)
    {
        RemoveUnused(paths, components);
        var used = new JsonObject();
        foreach (var (kind, members) in components.Where(c => c.Value.Count > 0))
        {
            used[kind] = new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
        }

        used["securitySchemes"] = new JsonObject
        {
            ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT", ["description"] = ApiGuide.Tokens },
        };
        var document = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "SecondOpinion",
                ["version"] = "v1",
                ["description"] = ApiGuide.Text,
                ["contact"] = new JsonObject { ["name"] = "SecondOpinion API support", ["url"] = "https://api.secondopinion.example/docs" },
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/", ["description"] = "This gateway" }),
            ["tags"] = new JsonArray([.. Tags.Select(t => new JsonObject { ["name"] = t.Key, ["description"] = t.Value })]),
            ["paths"] = new JsonObject(paths.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["components"] = used,
        };
        if (notes.Count > 0)
        {
            document["x-merge-notes"] = new JsonArray([.. notes.Select(n => JsonValue.Create(n))]);
        }

        return document;
    }

    /// <summary>Schemas of routes that are not published would describe what nobody can reach.</summary>
    private static void RemoveUnused(SortedDictionary<string, JsonNode> paths, Dictionary<string, SortedDictionary<string, JsonNode>> components)
    {
        var used = new HashSet<string>();
        var next = new Queue<JsonNode>(paths.Values);
        while (next.TryDequeue(out var node))
        {
            foreach (var reference in References(node).Where(used.Add))
            {
                var parts = reference.Split('/');
                if (parts is ["#", "components", var kind, var name] && components.TryGetValue(kind, out var members)
                    && members.TryGetValue(name, out var target))
                {
                    next.Enqueue(target);
                }
            }
        }

        foreach (var (kind, members) in components)
        {
            foreach (var name in members.Keys.Where(name => !used.Contains($"#/components/{kind}/{name}")).ToList())
            {
                members.Remove(name);
            }
        }
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(m => m is { Key: "$ref", Value: JsonValue reference } ? [reference.GetValue<string>()] : References(m.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };

    private static string Capitalized(string service) => char.ToUpperInvariant(service[0]) + service[1..];
}
