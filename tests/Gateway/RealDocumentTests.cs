using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>The API description and the problem catalogue that the five real services make together.</summary>
public sealed partial class RealDocumentTests(RealServices services) : IClassFixture<RealServices>
{
    [Fact]
    public async Task The_merged_description_has_no_conflict_and_passes_spectral()
    {
        var document = await Merged();
        document["x-merge-notes"]?.ToJsonString().ShouldBeNull();
        var file = Path.Combine(Directory.CreateTempSubdirectory("secondopinion-openapi-").FullName, "v1.json");
        await File.WriteAllTextAsync(file, document.ToJsonString(new() { WriteIndented = true }));
        var js = Path.Combine(RealServices.RepositoryRoot, "tests", "Gateway", "js");
        var spectral = Path.Combine(js, "node_modules", ".bin", "spectral");
        if (!File.Exists(spectral))
        {
            await Run("npm", ["ci", "--no-audit", "--no-fund"], js);
        }

        await Run(spectral, ["lint", file, "--ruleset", Path.Combine(RealServices.RepositoryRoot, ".spectral.yaml"), "--fail-severity", "error"], js);
    }

    /// <summary>What is published without a sentence says only what its name says, and a partner has to ask.</summary>
    [Fact]
    public async Task Every_schema_property_parameter_and_answer_has_its_sentence()
    {
        var document = await Merged();
        var mute = new List<string>();
        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            Require(schema!, name, mute);
            foreach (var (property, value) in schema!["properties"]?.AsObject() ?? [])
            {
                Require(value!, $"{name}.{property}", mute);
            }
        }

        foreach (var (at, operation) in Operations(document))
        {
            Require(operation, at, mute, "operationId");
            Require(operation, at, mute, "summary");
            Require(operation, at, mute);
            foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
            {
                Require(parameter!, $"{at} {parameter!["name"]}", mute);
            }

            if (operation["requestBody"] is { } body)
            {
                Require(body, $"{at} body", mute);
            }

            foreach (var (status, answer) in operation["responses"]!.AsObject())
            {
                Require(answer!, $"{at} {status}", mute);
                // What the framework writes when nobody says anything.
                if (answer!["description"]?.GetValue<string>() is "OK" or "Created" or "Accepted" or "No Content")
                {
                    mute.Add($"{at} {status}");
                }
            }
        }

        mute.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_refusal_is_named_by_its_code_with_an_example()
    {
        var document = await Merged();
        foreach (var (at, operation) in Operations(document))
        {
            var refusals = operation["responses"]!.AsObject().Where(r => r.Key[0] is '4' or '5').ToList();
            refusals.Select(r => r.Key).ShouldContain("503", at);
            foreach (var (status, answer) in refusals)
            {
                var content = answer!["content"]!["application/problem+json"]!;
                content["schema"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/Problem", at);
                var examples = content["examples"]!.AsObject();
                examples.Count.ShouldBeGreaterThan(0, $"{at} {status}");
                foreach (var (code, _) in examples)
                {
                    answer["description"]!.GetValue<string>().ShouldContain(code);
                    var example = document["components"]!["examples"]![code]!["value"]!;
                    example["code"]!.GetValue<string>().ShouldBe(code);
                    $"{example["status"]}".ShouldBe(status, $"{at} {code}");
                }
            }
        }
    }

    /// <summary>Every code of a catalogue can happen somewhere; else it is a promise about nothing, or an operation does not name it.</summary>
    [Fact]
    public async Task Every_code_of_the_catalogues_is_named_by_an_operation()
    {
        var document = await Merged();
        var named = Operations(document).SelectMany(o => o.Operation["responses"]!.AsObject())
            .SelectMany(r => r.Value!["content"]?["application/problem+json"]?["examples"]?.AsObject() ?? []).Select(e => e.Key).ToHashSet();
        using var http = new HttpClient();
        foreach (var (name, address) in services.Addresses)
        {
            var own = (await http.GetFromJsonAsync<JsonArray>(new Uri(address, "/problems")))!.Select(p => p!["code"]!.GetValue<string>());
            // A method that a path does not have is refused before any operation; that a file is closed is told to the physician's service only, over gRPC.
            own.Except(named).Except(["REQ-0006", "INT-0023"]).ShouldBeEmpty(name);
        }
    }

    [Fact]
    public async Task Nothing_that_an_insurer_may_call_refers_to_health_data()
    {
        var document = await Merged();
        var schemas = document["components"]!["schemas"]!.AsObject();
        Health(schemas["CaseView"]!, schemas, []).ShouldNotBeNull("the mark is there at all, and found through what a schema refers to");
        Health(schemas["PageOfCaseSummary"]!, schemas, []).ShouldNotBeNull();
        var partners = Operations(document).Where(o => RolesOf(o.Operation).Contains(Roles.Partner)).ToList();
        partners.Count.ShouldBeGreaterThan(5);
        foreach (var (at, operation) in partners)
        {
            Health(operation, schemas, []).ShouldBeNull(at);
        }
    }

    /// <returns>Where health data is, in this node or in what it refers to; null when nowhere.</returns>
    private static string? Health(JsonNode? node, JsonObject schemas, HashSet<string> seen) => node switch
    {
        JsonObject o when o["x-data-class"]?.GetValue<string>() == "health" => o.GetPath(),
        JsonObject o => o.Select(m => m is { Key: "$ref", Value: JsonValue reference } && reference.GetValue<string>().Split('/') is [.., "schemas", var name]
            ? seen.Add(name) ? Health(schemas[name], schemas, seen) : null
            : Health(m.Value, schemas, seen)).FirstOrDefault(found => found is not null),
        JsonArray a => a.Select(item => Health(item, schemas, seen)).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private static IEnumerable<(string At, JsonObject Operation)> Operations(JsonObject document) =>
        document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Where(m => m.Value is JsonObject o && o.ContainsKey("responses")).Select(m => ($"{m.Key} {path.Key}", m.Value!.AsObject())));

    private static string[] RolesOf(JsonNode operation) =>
        RolesLine().Match(operation["description"]?.GetValue<string>() ?? "").Groups[1].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static void Require(JsonNode node, string at, List<string> mute, string member = "description")
    {
        if (string.IsNullOrWhiteSpace(node[member]?.GetValue<string>()))
        {
            mute.Add($"{at}: {member}");
        }
    }

    /// <summary>A role that a service lets in but the gateway does not could never use the route; nobody would notice until production.</summary>
    /// <summary>A generated client has one type a name: <c>State</c> and <c>State2</c> would change places with the next operation.</summary>
    [Fact]
    public async Task A_parameter_s_name_stands_for_one_list_of_codes()
    {
        var document = await Merged();
        document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .SelectMany(operation => operation.Value is JsonObject o && o["parameters"] is JsonArray parameters ? parameters : [])
            .Where(p => p!["schema"]?["enum"] is not null)
            .GroupBy(p => (string)p!["name"]!, p => p!["schema"]!["enum"]!.ToJsonString())
            .Where(name => name.Distinct().Count() > 1).Select(name => name.Key).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_role_that_an_operation_is_open_to_can_pass_the_gateway()
    {
        var document = await Merged();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(m => m.Value is JsonObject o && o.ContainsKey("responses")))
            {
                var roles = RolesLine().Match(operation!["description"]?.GetValue<string>() ?? "").Groups[1].Value
                    .Split(", ", StringSplitOptions.RemoveEmptyEntries).Except([Roles.Service]);
                var route =
                    Routes.All.Where(
                        r => (Routes.Api + r.Path == path || path.StartsWith($"{Routes.Api}{r.Path}/", StringComparison.Ordinal)) && r.Method is null)
                    .OrderByDescending(r => r.Path.Length).First();
                roles.Except(route.Roles).ShouldBeEmpty($"{method} {path}");
            }
        }
    }

    [Fact]
    public async Task No_operation_that_an_insurer_may_call_is_outside_billing()
    {
        var document = await Merged();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(m => m.Value is JsonObject))
            {
                if (RolesLine().Match(operation!["description"]?.GetValue<string>() ?? "").Groups[1].Value.Split(", ").Contains(Roles.Partner))
                {
                    operation["tags"]![0]!.GetValue<string>().ShouldBe("billing", $"{method} {path}");
                }
            }
        }
    }

    /// <summary>What partners build against changes in sight of a reviewer, or not at all.</summary>
    [Fact]
    public async Task The_description_is_the_one_that_is_published_in_docs()
    {
        var document = await Merged();
        document.Remove("servers");
        var golden = Path.Combine(RealServices.RepositoryRoot, "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(
                golden, document.ToJsonString(new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
            return;
        }

        var published = JsonNode.Parse(await File.ReadAllTextAsync(golden))!.AsObject();
        Differences("#", published, document)
            .ShouldBeEmpty("the API differs from docs/openapi.json: break nothing that partners use, then record it with UPDATE_GOLDEN=1");
    }

    private static IEnumerable<string> Differences(string at, JsonNode? published, JsonNode? now)
    {
        if (published is JsonObject before && now is JsonObject after)
        {
            return before.Select(p => p.Key).Union(after.Select(p => p.Key)).SelectMany(name => Differences($"{at}/{name}", before[name], after[name]));
        }

        return JsonNode.DeepEquals(published, now) ? [] : [at];
    }

    [Fact]
    public async Task Problem_codes_are_unique_over_all_services()
    {
        using var http = new HttpClient();
        var common = SecondOpinion.ServiceDefaults.Problems.CommonProblems.All.Select(p => p.Code).ToList();
        var codes = new List<string>();
        foreach (var (name, address) in services.Addresses)
        {
            var own = (await http.GetFromJsonAsync<JsonArray>(new Uri(address, "/problems")))!;
            own.Count.ShouldBeGreaterThan(0, name);
            codes.AddRange(own.Select(p => p!["code"]!.GetValue<string>()).Except(common));
        }

        codes.AddRange(common);
        codes.AddRange(SecondOpinion.Gateway.Problems.All.Select(p => p.Code));
        codes.ShouldBeUnique();
        codes.ShouldAllBe(c => Regex.IsMatch(c, "^[A-Z]{3}-[0-9]{4}$"));
    }

    /// <summary>A client's form that does not know how long a text may be lets people write what is then refused.</summary>
    [Fact]
    public async Task Every_text_and_list_of_a_request_says_how_long_it_may_be_or_what_form_it_has()
    {
        var document = await Merged();
        var schemas = document["components"]!["schemas"]!.AsObject();
        var asked = new HashSet<string>();
        foreach (var (_, operation) in Operations(document))
        {
            Collect(operation["requestBody"], schemas, asked);
        }

        asked.Count.ShouldBeGreaterThan(15);
        var open = asked.SelectMany(name => (schemas[name]!["properties"]?.AsObject() ?? []).Where(p => IsUnbounded(p.Value!)).Select(p => $"{name}.{p.Key}"));
        // What the patient calls the physician; what a list of the catalogue holds; what a person has asked a hospital for.
        open.Order(StringComparer.Ordinal).ShouldBe(
            ["CaseTreatingPhysician.name", "FileDeadlinesRequest.items", "FileItem.name", "SafetyAnswers.signs"]);
    }

    private static bool IsUnbounded(JsonNode property)
    {
        var types = property["type"] is JsonArray several ? several.Select(t => t!.GetValue<string>()).ToList() : [property["type"]?.GetValue<string>() ?? ""];
        string[] bounds = types.Contains("array") ? ["maxItems"] : types.Contains("string") ? ["maxLength", "format", "enum", "pattern"] : [];
        return bounds.Length > 0 && !bounds.Any(b => property[b] is not null);
    }

    private static void Collect(JsonNode? node, JsonObject schemas, HashSet<string> names)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (var (key, value) in o)
                {
                    if (key == "$ref" && value!.GetValue<string>().Split('/') is [.., "schemas", var name] && names.Add(name))
                    {
                        Collect(schemas[name], schemas, names);
                    }
                    else
                    {
                        Collect(value, schemas, names);
                    }
                }

                break;
            case JsonArray a:
                foreach (var item in a)
                {
                    Collect(item, schemas, names);
                }

                break;
        }
    }

    /// <summary>A page that repeats its title helps nobody; a sentence that fits two pages explains neither.</summary>
    [Fact]
    public async Task Every_problem_page_explains_its_cause_with_an_example_and_a_remedy_and_no_two_are_alike()
    {
        await using var gateway = await GatewayUnderTest.Start(services.Settings);
        var pages = new JsonArray();
        await Eventually.True(async () =>
        {
            pages = (await gateway.Http().GetFromJsonAsync<JsonArray>("/problems"))!;
            return services.Addresses.Keys.All(name => pages.Any(p => p!["origin"]!.GetValue<string>() == name));
        }, "every service has told its problems", TimeSpan.FromSeconds(60));

        var sentences = new List<string>();
        foreach (var page in pages)
        {
            var code = page!["code"]!.GetValue<string>();
            var help = page["help"].ShouldNotBeNull(code);
            foreach (var part in (string[])["cause", "example", "remedy"])
            {
                var text = help[part]!.GetValue<string>();
                text.Length.ShouldBeGreaterThan(30, $"{code} {part}");
                text.ShouldEndWith(".", customMessage: $"{code} {part}");
                text.ShouldNotBe($"{page["titleFr"]}.", code);
                Regex.IsMatch(text, "`|[a-z]_[a-z]|[A-Z]{3}-[0-9]{4}").ShouldBeFalse($"a code stands in a sentence of {code}: {text}");
                sentences.Add(text);
            }
        }

        sentences.ShouldBeUnique();
        using var browser = new HttpRequestMessage(HttpMethod.Get, "/problems/INT-0021");
        browser.Headers.Add("Accept", "text/html");
        var html = System.Net.WebUtility.HtmlDecode(await (await gateway.Http().SendAsync(browser)).Content.ReadAsStringAsync());
        html.ShouldContain("imprimez-le dans un nouveau PDF");
    }

    private async Task<JsonObject> Merged()
    {
        await using var gateway = await GatewayUnderTest.Start(services.Settings);
        JsonObject document = [];
        // A partial document would pass every test that looks for a fault in it.
        await Eventually.True(async () =>
        {
            document = (await gateway.Http().GetFromJsonAsync<JsonObject>("/openapi/v1.json"))!;
            return document["x-merge-notes"]?.ToJsonString().Contains("has not answered", StringComparison.Ordinal) != true;
        }, "every service has described itself", TimeSpan.FromSeconds(60));
        return document;
    }

    private static async Task Run(string program, string[] arguments, string folder)
    {
        using var process =
            Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(4));
        process.ExitCode.ShouldBe(0, $"{Path.GetFileName(program)} {string.Join(' ', arguments)}\n{await output}\n{await errors}");
    }

    [GeneratedRegex(@"Roles: ([a-z, ]+)\.")]
    private static partial Regex RolesLine();
}
