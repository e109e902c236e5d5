using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>A part that is there but does not answer: frozen, which is worse for its callers than dead.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class OutageTests(SharedSystem system)
{
    /// <summary>Seven tries of one message take about thirteen seconds when each fails at once.</summary>
    private static readonly TimeSpan LongerThanAllTries = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task With_the_broker_stopped_a_submission_is_answered_and_its_event_leaves_when_the_broker_is_back()
    {
        await system.Healthy();
        using var journey = await Journey.Ready(system);
        var broker = system.Pid("rabbitmq");
        Processes.Freeze(broker);
        try
        {
            using var submitted = await system.Http(journey.Patient).Post($"{journey.Case}/submit");

            submitted.StatusCode.ShouldBe(HttpStatusCode.OK);
            ((string?)(await submitted.Read())["state"]).ShouldBe("complete");
            using var unknown = await system.Http(journey.Ops).GetAsync($"/api/v1/matching/cases/{journey.CaseId}");
            unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound, "the broker did not stand still");
        }
        finally
        {
            Processes.Thaw(broker);
        }

        await journey.WaitForOffer();
        await system.Healthy();
    }

    [Fact]
    public async Task With_billing_stopped_a_case_is_taken_with_its_coverage_pending_and_settled_when_billing_is_back()
    {
        await system.Healthy();
        using var journey = Journey.New(system);
        using var other = Journey.New(system);
        var billing = system.Pid("billing");
        Processes.Freeze(billing);
        try
        {
            var opened = await journey.Open();
            ((string?)opened["state"]).ShouldBe("draft");
            ((string?)opened["coverage"]!["status"]).ShouldBe("pending");
            await other.Open();

            await journey.FillIn();
            await journey.AddDocuments();
            var submitted = (await journey.Submit()).Json;
            ((string?)submitted["state"]).ShouldBe("submitted");
            ((string?)submitted["coverage"]).ShouldBe("pending");
        }
        finally
        {
            Processes.Thaw(billing);
        }

        await other.Until("its coverage is settled", c => (string?)c["coverage"]!["status"] == "covered");
        var complete = await journey.Until("it is complete", c => c["completedAt"] is not null);
        ((string?)complete["coverage"]!["status"]).ShouldBe("reserved");
        ((string?)complete["coverage"]!["engagementNumber"]).ShouldNotBeNullOrEmpty();
        await journey.WaitForOffer();
        await system.Healthy();
    }

    [Fact]
    public async Task With_the_database_killed_just_after_a_submission_the_case_is_offered_when_it_is_back()
    {
        await system.Healthy();
        using var journey = await Journey.Ready(system);
        (await journey.Submit()).Ok.ShouldBeTrue();
        var away = Stopwatch.StartNew();
        var killed = 0;
        while (away.Elapsed < LongerThanAllTries)
        {
            // AppHost starts it again each time: it hardly comes up.
            await Eventually.True(
                () => (system.Find("postgres") is { } now && now != killed)
                    || away.Elapsed > LongerThanAllTries, "the database is started again", TimeSpan.FromMinutes(1));
            if (system.Find("postgres") is { } database && database != killed)
            {
                Processes.Kill(database);
                killed = database;
            }
        }

        await journey.WaitForOffer();
        await system.Healthy();
        using var http = system.Http(journey.Ops);
        await Eventually.True(async () => (await http.GetFromJsonAsync<JsonNode>("/api/v1/dead-letters"))!["services"]!.AsObject()
            .SelectMany(s => s.Value!["queues"]!.AsArray()).All(q => (int)q!["waiting"]! == 0), "every queue is empty");
        var state = (await http.GetFromJsonAsync<JsonNode>("/api/v1/dead-letters"))!;
        state["unanswered"]!.AsArray().ShouldBeEmpty();
        state["services"]!.AsObject().SelectMany(s => s.Value!["queues"]!.AsArray()).ShouldAllBe(q => (int)q!["dead"]! == 0);
    }
}
