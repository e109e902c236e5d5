using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.Gateway.Lifecycle;

/// <summary>What is published stays: a change that would break a client fails here, and the changelog tells every other one (docs/lifecycle.md).</summary>
public sealed class LifecycleTests
{
    private const string Begin = "<!-- releases, the newest first -->";
    private static readonly string Docs = Path.Combine(RealServices.RepositoryRoot, "docs");
    private static readonly string Published = Path.Combine(Docs, "api-published.txt");
    private static readonly string Changelog = Path.Combine(Docs, "changelog.md");

    /// <summary><c>PUBLISH_API=2026-11-29</c> takes today's description as published on that day and writes what is new into the changelog.</summary>
    [Fact]
    public async Task Nothing_that_was_published_is_broken()
    {
        var now = ApiSurface.Of(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Docs, "openapi.json")))!);
        now.Count.ShouldBeGreaterThan(1000);
        var before = (await File.ReadAllLinesAsync(Published)).Select(Fact.Read).ToDictionary(f => f.About, f => f.Fact);
        var publishing = Environment.GetEnvironmentVariable("PUBLISH_API");
        if (string.IsNullOrEmpty(publishing))
        {
            before.Count.ShouldBeGreaterThan(1000);
        }

        var changes = ApiChange.Between(before, now);
        changes.Where(c => c.IsBreaking).Select(c => c.Text).ShouldBeEmpty("a new operation or member leaves the former one as it is (docs/lifecycle.md)");

        if (publishing is { Length: > 0 } day)
        {
            await File.WriteAllLinesAsync(Published, now.Select(f => f.Value.Line(f.Key)));
            if (before.Count > 0 && changes.Count > 0)
            {
                var text = await File.ReadAllTextAsync(Changelog);
                var entry = $"\n\n## {day}\n\n{string.Join('\n', changes.Select(c => $"* {c.Text}"))}";
                await File.WriteAllTextAsync(Changelog, text.Replace(Begin, Begin + entry, StringComparison.Ordinal));
            }
        }
    }

    [Theory]
    // What is sent
    [InlineData("""{"a":{"type":"string"}}""", """{}""", "request", true)]
    [InlineData("""{}""", """{"a":{"type":"string"}}""", "request", false)]
    [InlineData("""{"a":{"type":"string"}}""", """{"a":{"type":["string","null"]}}""", "request", false)]
    [InlineData("""{"a":{"type":["string","null"]}}""", """{"a":{"type":"string"}}""", "request", true)]
    [InlineData("""{"a":{"type":"string","enum":["x"]}}""", """{"a":{"type":"string","enum":["x","y"]}}""", "request", false)]
    [InlineData("""{"a":{"type":"string","enum":["x","y"]}}""", """{"a":{"type":"string","enum":["x"]}}""", "request", true)]
    [InlineData("""{"a":{"type":"string","maxLength":9}}""", """{"a":{"type":"string","maxLength":8}}""", "request", true)]
    [InlineData("""{"a":{"type":"string","maxLength":9}}""", """{"a":{"type":"string","maxLength":10}}""", "request", false)]
    [InlineData("""{"a":{"type":"string"}}""", """{"a":{"type":"string","pattern":"^x"}}""", "request", true)]
    [InlineData("""{"a":{"type":"integer","minimum":2}}""", """{"a":{"type":"integer","minimum":1}}""", "request", false)]
    // What is read
    [InlineData("""{"a":{"type":"string"}}""", """{}""", "answer", true)]
    [InlineData("""{}""", """{"a":{"type":"string"}}""", "answer", false)]
    [InlineData("""{"a":{"type":"string"}}""", """{"a":{"type":["string","null"]}}""", "answer", true)]
    [InlineData("""{"a":{"type":["string","null"]}}""", """{"a":{"type":"string"}}""", "answer", false)]
    [InlineData("""{"a":{"type":"string","enum":["x"]}}""", """{"a":{"type":"string","enum":["x","y"]}}""", "answer", false)]
    [InlineData("""{"a":{"type":"string"}}""", """{"a":{"type":"array","items":{"type":"string"}}}""", "answer", true)]
    public void A_change_of_a_member_breaks_whoever_depends_on_it(string before, string after, string direction, bool isBreaking)
    {
        var changes = ApiChange.Between(Surface(before, direction), Surface(after, direction));
        changes.ShouldHaveSingleItem().IsBreaking.ShouldBe(isBreaking, changes[0].Text);
    }

    [Fact]
    public void Operations_and_required_members_are_judged_as_a_whole()
    {
        var (none, one) = (Of("{}"), Of(Document("""{"a":{"type":"string"}}""", "request")));
        var added = ApiChange.Between(none, one);
        added.ShouldAllBe(c => !c.IsBreaking);
        added.Select(c => c.Text).ShouldBe(["Added: POST /things (DoThings)", "Added: request Thing"]);
        ApiChange.Between(one, none).ShouldAllBe(c => c.IsBreaking);

        var required = Of(Document("""{"a":{"type":"string"}}""", "request", """, "required":["a"]"""));
        ApiChange.Between(one, required).ShouldHaveSingleItem().IsBreaking.ShouldBeTrue("who did not send it is refused");
        ApiChange.Between(required, one).ShouldHaveSingleItem().IsBreaking.ShouldBeFalse();
        ApiChange.Between(one, one).ShouldBeEmpty();
        one.Select(f => Fact.Read(f.Value.Line(f.Key)).Fact.Line(f.Key)).ShouldBe(one.Select(f => f.Value.Line(f.Key)));
    }

    private static SortedDictionary<string, Fact> Surface(string members, string direction) => Of(Document(members, direction));

    private static SortedDictionary<string, Fact> Of(string paths) => ApiSurface.Of(JsonNode.Parse(paths == "{}" ? """{"paths":{}}""" : paths)!);

    private static string Document(string members, string direction, string more = "")
    {
        const string Content = """{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}""";
        return """
            {
              "paths":{"/things":{"post":{"operationId":"DoThings","responses":{"200":{"content":ANSWER}}BODY}}},
              "components":{"schemas":{"Thing":{"type":"object","properties":MEMBERS MORE}}}
            }
            """
            .Replace("ANSWER", direction == "answer" ? Content : "{}", StringComparison.Ordinal)
            .Replace("BODY", direction == "request" ? ", \"requestBody\":{\"content\":" + Content + "}" : "", StringComparison.Ordinal)
            .Replace("MEMBERS", members, StringComparison.Ordinal)
            .Replace("MORE", more, StringComparison.Ordinal);
    }
}
