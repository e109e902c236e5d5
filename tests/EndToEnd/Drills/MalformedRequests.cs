using System.Text;
using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <param name="Name">Operation and what is wrong with the request, for the report.</param>
internal sealed record MalformedRequest(string Name, HttpRequestMessage Message);

/// <summary>Makes requests from the API description, each with something wrong: in the body's members, its bytes, the path, the query or the headers.</summary>
internal sealed class MalformedRequests
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "\u001b[31m", "\ud83d\ude00", "\u202efdp.exe", "'; drop table case_file; --", "<script>", "%00", "../../etc/passwd", "NaN",
            "-1", "9223372036854775808",
        "1e999", "0001-01-01", "9999-12-31T23:59:59Z", "2026-02-30", "null", "00000000-0000-0000-0000-000000000000", new string('a', 10_000), "é\u0301",
            "\ufeff", "\r\n\r\n",
    ];

    private readonly IReadOnlyList<(string Path, HttpMethod Method, JsonNode Operation)> _operations;
    private readonly JsonNode _schemas;
    private readonly Dictionary<string, string> _known;
    private readonly string[] _tokens;
    private readonly Random _random;
    private int _turn;

    public MalformedRequests(JsonNode description, Dictionary<string, string> known, string[] tokens, Random random)
    {
        _schemas = description["components"]!["schemas"]!;
        _known = known;
        _tokens = tokens;
        _random = random;
        _operations =
        [
            .. from path in description["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               where operation.Key is "get" or "post" or "put" or "patch" or "delete" or "head"
               select (path.Key, HttpMethod.Parse(operation.Key.ToUpperInvariant()), operation.Value!),
        ];
    }

    public int Operations => _operations.Count;

    /// <summary>Each operation in turn.</summary>
    public MalformedRequest Next()
    {
        var (path, method, operation) = _operations[_turn++ % _operations.Count];
        var wrong = new List<string>();
        var request = new HttpRequestMessage(method, new Uri(Address(path, operation, wrong), UriKind.Relative));
        if (operation["requestBody"] is { } body)
        {
            request.Content = Body(body, wrong);
        }

        Headers(request, wrong);
        return new MalformedRequest($"{method} {path} ({string.Join(", ", wrong)})", request);
    }

    private string Address(string path, JsonNode operation, List<string> wrong)
    {
        var query = new List<string>();
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            var name = (string)parameter!["name"]!;
            switch ((string)parameter["in"]!)
            {
                case "path":
                    // A name that is known half of the time: else everything ends at the first 404.
                    var value = _known.TryGetValue(name, out var known) && _random.Next(3) > 0 ? known : _random.Next(4) == 0
                        ? Guid.NewGuid().ToString() : Text();
                    if (value != known)
                    {
                        wrong.Add($"path {name}");
                    }

                    path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value is "" or "." or ".." ? "_" : value), StringComparison.Ordinal);
                    break;
                case "query" when _random.Next(2) == 0:
                    wrong.Add($"query {name}");
                    query.Add($"{name}={(_random.Next(5) == 0 ? "%FF%FE%zz" : Uri.EscapeDataString(Text()))}");
                    break;
            }
        }

        if (_random.Next(10) == 0)
        {
            wrong.Add("query of its own");
            query.Add($"{Uri.EscapeDataString(Text())}={Uri.EscapeDataString(Text())}");
        }

        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    private ByteArrayContent Body(JsonNode body, List<string> wrong)
    {
        var (type, schema) = body["content"]!.AsObject().Select(c => (c.Key, c.Value!["schema"])).First();
        byte[] bytes;
        if (type.Contains("json", StringComparison.Ordinal) && schema is not null && _random.Next(6) > 0)
        {
            var value = Value(schema, 0);
            Spoil(value, wrong);
            bytes = Encoding.UTF8.GetBytes(value?.ToJsonString() ?? "null");
        }
        else
        {
            wrong.Add("raw body");
            bytes = Raw();
        }

        var content = new ByteArrayContent(bytes);
        var sent = type;
        if (_random.Next(8) == 0)
        {
            wrong.Add("content type");
            sent = Pick<string>(
                ["text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data", "application/json; charset=nonsense"]);
        }

        content.Headers.TryAddWithoutValidation("Content-Type", sent);
        if (_random.Next(12) == 0)
        {
            wrong.Add("content encoding");
            content.Headers.TryAddWithoutValidation("Content-Encoding", Pick<string>(["gzip", "br", "deflate", "nonsense"]));
        }

        return content;
    }

    private void Headers(HttpRequestMessage request, List<string> wrong)
    {
        var token = Pick(_tokens);
        if (token.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        if (request.Method == HttpMethod.Post && _random.Next(5) > 0)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", _random.Next(3) > 0 ? Guid.NewGuid().ToString() : Spoiled("Idempotency-Key", wrong));
        }

        if (_random.Next(3) == 0)
        {
            request.Headers.TryAddWithoutValidation("If-Match", _random.Next(2) == 0 ? "*" : Spoiled("If-Match", wrong));
        }

        foreach (var name in (string[])["Range", "Accept", "Accept-Language", "If-None-Match", "Upload-Offset", "traceparent", "X-Forwarded-For", "Origin"])
        {
            if (_random.Next(12) == 0)
            {
                request.Headers.TryAddWithoutValidation(name, Spoiled(name, wrong));
            }
        }
    }

    /// <summary>A header that an HTTP client can send: printable ASCII.</summary>
    private string Spoiled(string name, List<string> wrong)
    {
        wrong.Add(name);
        return Pick<string>(
            ["", "\"", "\"x", "W/\"v1\"", "v1", "\"v999999999999\"", "-1", "bytes=9-1,0-,-", "*/*;q=9", new string('k', 300), "(),;:{}", "0",
                "99999999999999999999"]);
    }

    /// <summary>A value of the schema's shape; only then something in it is spoiled.</summary>
    private JsonNode? Value(JsonNode schema, int depth)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            schema = _schemas[reference[(reference.LastIndexOf('/') + 1)..]]!;
        }

        if ((schema["oneOf"] ?? schema["anyOf"] ?? schema["allOf"]) is JsonArray { Count: > 0 } choices)
        {
            return Value(choices[_random.Next(choices.Count)]!, depth + 1);
        }

        if (schema["enum"] is JsonArray { Count: > 0 } words)
        {
            return words[_random.Next(words.Count)]?.DeepClone();
        }

        var types = schema["type"] is JsonArray several ? [.. several.Select(t => (string)t!)] : new[] { (string?)schema["type"] ?? "object" };
        switch (types[_random.Next(types.Length)])
        {
            case "string":
                return (string?)schema["format"] switch
                {
                    "uuid" => Guid.NewGuid().ToString(),
                    "date" => "1989-04-17",
                    "date-time" => "2026-03-01T10:00:00Z",
                    _ => _random.Next(3) == 0 ? Text() : "exemple",
                };
            case "integer":
                return _random.Next(-3, 2_000);
            case "number":
                return _random.NextDouble() * 100;
            case "boolean":
                return _random.Next(2) == 0;
            case "null":
                return null;
            case "array":
                return new JsonArray(
                    [.. Enumerable.Range(0, depth > 6 ? 0 : _random.Next(4)).Select(_ => schema["items"] is { } item ? Value(item, depth + 1) : null)]);
            default:
                var made = new JsonObject();
                foreach (var property in depth > 6 ? [] : schema["properties"]?.AsObject() ?? [])
                {
                    made[property.Key] = Value(property.Value!, depth + 1);
                }

                return made;
        }
    }

    private void Spoil(JsonNode? root, List<string> wrong)
    {
        var places = new List<JsonNode>();
        void Collect(JsonNode? node)
        {
            if (node is JsonObject or JsonArray)
            {
                places.Add(node);
                foreach (var child in node is JsonObject o ? o.Select(p => p.Value) : node.AsArray())
                {
                    Collect(child);
                }
            }
        }

        Collect(root);
        if (places.Count == 0)
        {
            return;
        }

        var place = places[_random.Next(places.Count)];
        if (place is JsonArray array)
        {
            wrong.Add("array");
            array.Add(Wrong());
        }
        else if (place is JsonObject { Count: > 0 } some)
        {
            var name = some.Select(p => p.Key).ElementAt(_random.Next(some.Count));
            wrong.Add($"member {name}");
            if (_random.Next(4) == 0)
            {
                some.Remove(name);
            }
            else
            {
                some[name] = Wrong();
            }
        }
    }

    private JsonNode? Wrong() => _random.Next(9) switch
    {
        0 => null,
        1 => _random.Next(int.MinValue, int.MaxValue),
        2 => 1e300,
        3 => true,
        4 => new JsonArray(null, null),
        5 => new JsonObject { ["__proto__"] = 1 },
        6 => Deep(),
        _ => Text(),
    };

    private static JsonNode Deep()
    {
        JsonNode node = 1;
        for (var i = 0; i < 100; i++)
        {
            node = new JsonArray(node);
        }

        return node;
    }

    private byte[] Raw() => _random.Next(10) switch
    {
        0 => [],
        1 => "{"u8.ToArray(),
        2 => "[]"u8.ToArray(),
        3 => "null"u8.ToArray(),
        4 => [0xEF, 0xBB, 0xBF, .. "{}"u8],
        5 => Encoding.Unicode.GetBytes("{\"a\":1}"),
        6 => Encoding.Latin1.GetBytes("{\"birthName\":\"Hélène\"}"),
        7 => Encoding.UTF8.GetBytes("{\"birthName\":\"\\ud800\"}"),
        8 => Encoding.UTF8.GetBytes("{\"a\":1,\"a\":2}"),
        _ => RandomBytes(),
    };

    private byte[] RandomBytes()
    {
        var bytes = new byte[_random.Next(1, 4096)];
        _random.NextBytes(bytes);
        return bytes;
    }

    private string Text() => Pick(Texts);

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
