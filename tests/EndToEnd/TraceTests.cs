using System.Net;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

[Collection(OnSharedSystem.Name)]
public sealed class TraceTests(SharedSystem system, ITestOutputHelper output)
{
    private static readonly string[] Everybody = ["gateway", "intake", "billing", "matching", "physician", "reporting"];

    /// <summary>The dashboard is the OTLP receiver: it shows what the services really sent.</summary>
    [Fact]
    public async Task One_trace_leads_from_the_submission_at_the_gateway_through_every_service()
    {
        using var journey = await Journey.Ready(system);
        await journey.Submit();
        var traceId = journey.TraceId;
        await journey.WaitForOffer();

        IReadOnlyList<TraceSpan> spans = [];
        await Eventually.True(
            async () => await system.Trace(traceId) is { } seen && IsWhole(spans = seen.Spans), $"trace {traceId} holds all of it");

        foreach (var span in spans.Where(s => s.Scope != "Npgsql"))
        {
            output.WriteLine($"{new string(' ', 2 * span.Depth)}{span.Service} {span.Kind} {span.Name} [{span.Scope}]");
        }

        spans.Where(s => s.Depth == 0).ShouldHaveSingleItem().Service.ShouldBe("gateway");
        spans.ShouldContain(s => Is(s, "billing", "server") && s.Name.Contains("Eligibility/Reserve"), "intake asked billing by gRPC");
        spans.ShouldContain(s => Is(s, "intake", "producer"), "intake told RabbitMQ");
        string[] listeners = ["matching", "physician", "reporting"];
        listeners.ShouldAllBe(service => spans.Any(s => Is(s, service, "consumer")));
    }

    [Fact]
    public async Task The_dashboard_asks_strangers_for_its_token()
    {
        using var page = await system.DashboardForStrangers("/");
        using var data = await system.DashboardForStrangers("/api/telemetry/traces");

        page.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        page.Headers.Location!.OriginalString.ShouldContain("/login");
        data.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static bool IsWhole(IReadOnlyList<TraceSpan> spans) =>
        Everybody.All(service => spans.Any(s => s.Service == service))
        && spans.Any(s => Is(s, "physician", "consumer")) && spans.Any(s => Is(s, "reporting", "consumer"))
        && spans.Count(s => s.Depth == 0) == 1;

    private static bool Is(TraceSpan span, string service, string kind) => span.Service == service && span.Kind == kind;
}
