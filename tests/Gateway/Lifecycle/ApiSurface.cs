using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.Gateway.Lifecycle;

/// <summary>
/// What a client can depend on in an API description, as facts without sentences and examples: a line for each operation, parameter, body, answer and member. A
/// member is told by the direction in which it travels, for what may change differs.
/// </summary>
internal static class ApiSurface
{
    private static readonly string[] Bounds = ["format", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"];

    /// <returns>By what it is about, what is true of it.</returns>
    public static SortedDictionary<string, Fact> Of(JsonNode document)
    {
        var facts = new SortedDictionary<string, Fact>(StringComparer.Ordinal);
        var (asked, answered) = (new HashSet<string>(), new HashSet<string>());
        foreach (var (path, methods) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in methods!.AsObject().Where(m => m.Value?["responses"] is not null))
            {
                Add(facts, $"{method.ToUpperInvariant()} {path}", operation!, asked, answered);
            }
        }

        Members(facts, document, "request", asked);
        Members(facts, document, "answer", answered);
        return facts;
    }

    private static void Add(SortedDictionary<string, Fact> facts, string name, JsonNode operation, HashSet<string> asked, HashSet<string> answered)
    {
        facts[name] = new Fact("operation", IsRequired: false, new() { ["name"] = $"{operation["operationId"]}" });
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            facts[$"{name} {parameter!["in"]} {parameter["name"]}"] = Describe(
                "request", parameter["schema"]!, parameter["required"]?.GetValue<bool>() == true);
        }

        if (operation["requestBody"] is { } body)
        {
            foreach (var (type, content) in body["content"]!.AsObject())
            {
                facts[$"{name} body {type}"] = Describe("request", content?["schema"], body["required"]?.GetValue<bool>() == true);
                asked.UnionWith(References(content?["schema"]));
            }
        }

        foreach (var (status, answer) in operation["responses"]!.AsObject().Where(r => r.Key[0] == '2'))
        {
            facts[$"{name} {status}"] = new Fact("answer", IsRequired: true, []);
            foreach (var (type, content) in answer!["content"]?.AsObject() ?? [])
            {
                facts[$"{name} {status} {type}"] = Describe("answer", content?["schema"], isRequired: true);
                answered.UnionWith(References(content?["schema"]));
            }
        }
    }

    private static void Members(SortedDictionary<string, Fact> facts, JsonNode document, string direction, HashSet<string> reached)
    {
        var toDo = new Queue<string>(reached);
        while (toDo.TryDequeue(out var name))
        {
            var schema = document["components"]!["schemas"]![name]!;
            facts[$"{direction} {name}"] = Describe(direction, schema, isRequired: false);
            var required = schema["required"]?.AsArray().Select(r => r!.GetValue<string>()).ToHashSet() ?? [];
            foreach (var (member, value) in schema["properties"]?.AsObject() ?? [])
            {
                facts[$"{direction} {name}.{member}"] = Describe(direction, value!, required.Contains(member));
            }

            foreach (var further in References(schema).Where(reached.Add))
            {
                toDo.Enqueue(further);
            }
        }
    }

    private static Fact Describe(string direction, JsonNode? schema, bool isRequired)
    {
        var traits = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["type"] = TypeOf(schema) };
        if (schema?["enum"] is JsonArray values)
        {
            traits["enum"] = string.Join('|', values.Select(v => $"{v}").Order(StringComparer.Ordinal));
        }

        foreach (var bound in Bounds)
        {
            if (schema?[bound] is { } value)
            {
                traits[bound] = $"{value}";
            }
        }

        return new Fact(direction, isRequired, traits);
    }

    /// <summary>As a list of alternatives: a name, <c>string</c>, <c>array of X</c>.</summary>
    private static string TypeOf(JsonNode? schema) => string.Join('|', Alternatives(schema).Distinct().Order(StringComparer.Ordinal));

    private static IEnumerable<string> Alternatives(JsonNode? schema) => schema switch
    {
        null => ["any"],
        _ when schema["$ref"] is { } reference => [$"{reference}".Split('/')[^1]],
        _ when schema["oneOf"] is JsonArray choices => choices.SelectMany(Alternatives),
        _ => (schema["type"] is JsonArray several ? several.Select(t => $"{t}") : [$"{schema["type"] ?? "any"}"])
            .Select(type => type == "array" ? $"array of {TypeOf(schema["items"])}" : type),
    };

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(m => m.Key == "$ref" ? [$"{m.Value}".Split('/')[^1]] : References(m.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };
}

/// <param name="Direction"><c>operation</c>, <c>request</c> or <c>answer</c>.</param>
/// <param name="IsRequired">Must be sent; is always there.</param>
/// <param name="Traits">Type, closed list, bounds.</param>
internal sealed record Fact(string Direction, bool IsRequired, SortedDictionary<string, string> Traits)
{
    /// <summary>As a line of the published surface.</summary>
    public string Line(string about) =>
        string.Join('\t', [about, Direction, IsRequired ? "required" : "optional", .. Traits.Select(t => $"{t.Key}={t.Value}")]);

    public static (string About, Fact Fact) Read(string line)
    {
        var parts = line.Split('\t');
        return (parts[0], new Fact(parts[1], parts[2] == "required",
            new(parts[3..].Select(t => t.Split('=', 2)).ToDictionary(t => t[0], t => t[1]), StringComparer.Ordinal)));
    }
}
