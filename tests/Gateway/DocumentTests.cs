using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Gateway.ApiDescription;

namespace SecondOpinion.Tests.Gateway;

public sealed class DocumentTests
{
    [Fact]
    public void Only_published_routes_and_the_schemas_they_use_appear()
    {
        var merged = ApiMerge.Merge([Doc("billing", """
            {"paths":{
               "/api/v1/ledger/cases/{caseId}":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Entry"}}}}}}},
               "/api/v1/secret":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Secret"}}}}}}},
               "/api/v1/cases/{caseId}":{"get":{}}},
             "components":{"schemas":{"Entry":{"properties":{"amount":{"$ref":"#/components/schemas/Money"}}},
              "Money":{"type":"object"},"Secret":{"type":"object"}}}}
            """)]);
        Names(merged.Document["paths"]).ShouldBe(["/api/v1/ledger/cases/{caseId}"]);
        Names(merged.Document["components"]!["schemas"]).ShouldBe(["Entry", "Money"]);
        merged.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void The_same_schema_of_two_services_is_one_and_a_different_one_is_renamed_with_its_references()
    {
        const string Same = """ "Money":{"type":"object","properties":{"amount":{"type":"string"}}} """;
        var merged = ApiMerge.Merge([
            Doc("billing",
                $$$$"""
                {"paths":{"/api/v1/ledger":{"get":{"x":{"$ref":"#/components/schemas/Case"},"m":{"$ref":"#/components/schemas/Money"} }}},
                "components":{"schemas":{"Case":{"type":"object"},{{{{Same}}}}}}}
                """),
            Doc("intake",
                $$$$"""
                {"paths":{"/api/v1/cases":{"get":{"x":{"$ref":"#/components/schemas/Case"},"m":{"$ref":"#/components/schemas/List"} }}},
                "components":{"schemas":{"Case":{"type":"string"},"List":{"type":"array","items":{"$ref":"#/components/schemas/Case"}},{{{{Same}}}}}}}
                """),
        ]);
        Names(merged.Document["components"]!["schemas"]).ShouldBe(["Case", "IntakeCase", "List", "Money"]);
        merged.Document["components"]!["schemas"]!["List"]!["items"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/IntakeCase");
        merged.Document["paths"]!["/api/v1/cases"]!["get"]!["x"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/IntakeCase");
        merged.Document["paths"]!["/api/v1/ledger"]!["get"]!["x"]!["$ref"]!.GetValue<string>().ShouldBe("#/components/schemas/Case");
        merged.Notes.ShouldHaveSingleItem().ShouldContain("IntakeCase");
    }

    [Fact]
    public async Task A_service_that_goes_away_leaves_its_last_known_description()
    {
        var clock = new SetClock();
        await using var gateway = await GatewayUnderTest.Start(configure: services => services.AddSingleton<TimeProvider>(clock));
        foreach (var service in SecondOpinion.Gateway.Routing.Routes.Services.Where(s => s != "matching"))
        {
            gateway[service].OpenApi = JsonSerializer.Deserialize<JsonElement>("""{"paths":{},"components":{}}""");
        }

        gateway["billing"].OpenApi = JsonSerializer.Deserialize<JsonElement>("""{"paths":{"/api/v1/ledger":{"get":{}}}}""");
        var http = gateway.Http();
        var first = await http.GetFromJsonAsync<JsonNode>("/openapi/v1.json");
        Names(first!["paths"]).ShouldBe(["/api/v1/ledger"]);
        first["x-merge-notes"]!.AsArray().Select(n => n!.GetValue<string>()).ShouldHaveSingleItem().ShouldStartWith("matching has not answered yet");

        await gateway["billing"].Down();
        clock.Advance(TimeSpan.FromMinutes(1));
        var second = await http.GetFromJsonAsync<JsonNode>("/openapi/v1.json");
        Names(second!["paths"]).ShouldBe(["/api/v1/ledger"]);
        second["x-merge-notes"]!.AsArray().Select(n => n!.GetValue<string>()).ShouldContain(n => n.StartsWith("billing does not answer"));
    }

    [Fact]
    public async Task The_description_is_not_sent_again_to_who_has_it()
    {
        await using var gateway = await GatewayUnderTest.Start();
        var http = gateway.Http();
        var tag = (await http.GetAsync("/openapi/v1.json")).Headers.ETag!;
        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json");
        again.Headers.IfNoneMatch.Add(tag);
        (await http.SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task The_docs_page_is_open_and_loads_nothing_from_elsewhere()
    {
        await using var gateway = await GatewayUnderTest.Start();
        var http = gateway.Http();
        (await http.GetAsync("/docs")).StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);
        var page = await http.GetStringAsync("/docs/index.html");
        page.ShouldContain("SecondOpinion API");
        page.ShouldNotContain("://");
        foreach (var asset in (string[])["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "index.js", "index.css"])
        {
            (await http.GetAsync($"/docs/{asset}")).StatusCode.ShouldBe(HttpStatusCode.OK, asset);
        }
    }

    [Fact]
    public async Task Every_problem_code_has_a_page_for_people_and_one_for_programs()
    {
        await using var gateway = await GatewayUnderTest.Start();
        gateway["billing"].Problems = JsonSerializer.Deserialize<JsonElement>(
            """[{"code":"BIL-0001","status":409,"title":"<b>Not</b> recognised","titleFr":"Bénéficiaire non reconnu"}]""");
        var http = gateway.Http();
        var all = await http.GetFromJsonAsync<JsonElement>("/problems");
        all.EnumerateArray().Select(p => p.GetProperty("code").GetString()).ShouldBe(
            SecondOpinion.ServiceDefaults.Problems.CommonProblems.All.Select(p => p.Code).Concat(["BIL-0001", "GTW-0001", "GTW-0002", "GTW-0003", "GTW-0004"])
                .Order(StringComparer.Ordinal), ignoreOrder: false);
        foreach (var problem in all.EnumerateArray())
        {
            var one = await http.GetFromJsonAsync<JsonElement>($"/problems/{problem.GetProperty("code").GetString()}");
            one.GetProperty("titleFr").GetString().ShouldBe(problem.GetProperty("titleFr").GetString());
        }

        using var browser = new HttpRequestMessage(HttpMethod.Get, "/problems/bil-0001");
        browser.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("text/html"));
        browser.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("*/*;q=0.8"));
        var html = await http.SendAsync(browser);
        html.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        var text = await html.Content.ReadAsStringAsync();
        text.ShouldContain("BIL-0001");
        text.ShouldContain("&lt;b&gt;Not&lt;/b&gt;");
        text.ShouldNotContain("<b>Not");
        await (await http.GetAsync("/problems/XXX-9999")).Problem(404, "REQ-0005");
    }

    private static ServiceDocument Doc(string service, string json) => new(service, JsonNode.Parse(json), IsCurrent: true);

    private static IEnumerable<string> Names(JsonNode? node) => node!.AsObject().Select(m => m.Key);
}
