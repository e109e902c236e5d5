using System.Text.Json.Nodes;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

[Collection(OnSharedSystem.Name)]
public sealed class TraceTests(SharedSystem system, ITestOutputHelper output)
{
    private static readonly string[] Everybody = ["gateway", "intake", "billing", "matching", "physician", "reporting"];

    /// <summary>The host's resource page is the OTLP receiver: it shows what the services really sent.</summary>
    [Fact]
    public async Task One_trace_leads_from_the_submission_at_the_gateway_through_every_service()
    {
        using var journey = await Journey.Ready(system);
        await journey.Submit();
        var traceId = journey.TraceId;
        await journey.WaitForOffer();

        JsonArray spans = [];
        await Eventually.True(
            async () => (await system.Trace(traceId))?["spans"]?.AsArray() is { } seen && IsWhole(spans = seen),
            $"trace {traceId} holds all of it");

        foreach (var span in spans.Where(s => (string?)s!["scope"] != "Npgsql"))
        {
            output.WriteLine($"{new string(' ', 2 * (int)span!["depth"]!)}{span["service"]} {span["kind"]} {span["name"]} [{span["scope"]}]");
        }

        var roots = spans.Where(s => (int)s!["depth"]! == 0).ToList();
        ((string?)roots.ShouldHaveSingleItem()!["service"]).ShouldBe("gateway");
        spans.ShouldContain(s => Is(s, "billing", "server") && Name(s).Contains("Eligibility/Reserve"), "intake asked billing by gRPC");
        spans.ShouldContain(s => Is(s, "intake", "producer"), "intake told RabbitMQ");
        string[] listeners = ["matching", "physician", "reporting"];
        listeners.ShouldAllBe(service => spans.Any(s => Is(s, service, "consumer")));
    }

    private static bool IsWhole(JsonArray spans) =>
        Everybody.All(service => spans.Any(s => (string)s!["service"]! == service))
        && spans.Any(s => Is(s, "physician", "consumer")) && spans.Any(s => Is(s, "reporting", "consumer"))
        && spans.Count(s => (int)s!["depth"]! == 0) == 1;

    private static bool Is(JsonNode? span, string service, string kind) => (string)span!["service"]! == service && (string)span["kind"]! == kind;

    private static string Name(JsonNode? span) => (string)span!["name"]!;
}
