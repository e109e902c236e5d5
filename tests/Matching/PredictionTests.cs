using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Matching;

/// <summary>When an opinion is expected, and who is asked for it when leave, language and age count.</summary>
public sealed class PredictionTests(MatchingService matching) : IClassFixture<MatchingService>
{
    [Fact]
    public async Task The_opinion_is_predicted_from_the_physician_s_last_ones_and_the_patient_s_pauses_do_not_count()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);

        // Nothing is known of the physician: three days.
        var first = await Accept(pathology);
        (first.PredictedAt!.Value - first.AssignedAt).ShouldBe(TimeSpan.FromHours(72), TimeSpan.FromSeconds(1));
        (first.Basis, first.Considered).ShouldBe(("pathology", 1));

        // Delivered after 20 hours, 8 of which the patient took to answer.
        var question = Guid.CreateVersion7();
        await matching.Broker.Publish(new InformationRequested
        {
            RequestId = question,
            CaseId = first.CaseId,
            PhysicianId = first.PhysicianId,
            RequestedAt = matching.Time.GetUtcNow(),
        });
        await Eventually.True(
            () => matching.Scalar<bool>("select paused_since is not null from matching_case where case_id = @CaseId", new { first.CaseId }), "it stands still");
        matching.Time.Advance(TimeSpan.FromHours(8));
        await matching.Broker.Publish(new InformationProvided
        {
            RequestId = question,
            CaseId = first.CaseId,
            PhysicianId = first.PhysicianId,
            ProvidedAt = matching.Time.GetUtcNow(),
            DueAt = first.AssignedAt + TimeSpan.FromDays(7) + TimeSpan.FromHours(8),
        });
        await Eventually.True(
            () => matching.Scalar<bool>("select paused_since is null from matching_case where case_id = @CaseId", new { first.CaseId }), "the clock runs");
        matching.Time.Advance(TimeSpan.FromHours(12));
        await matching.Broker.Publish(Delivered(first));
        await matching.WaitForState(first.CaseId, "delivered");

        // One opinion of 12 hours beside three of 72.
        var second = await Accept(pathology);
        (second.PredictedAt!.Value - second.AssignedAt).ShouldBe(TimeSpan.FromHours((12 + 3 * 72) / 4.0), TimeSpan.FromSeconds(1));
        var offer = (await matching.Show(second.CaseId)).GetProperty("offers")[0];
        offer.GetProperty("predictedAt").GetDateTimeOffset().ShouldBe(second.PredictedAt.Value, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task Leave_leaves_open_offers_alone_and_keeps_new_ones_away_until_it_is_over()
    {
        var pathology = MatchingService.Pathology();
        var onLeave = await matching.Admit(pathology);
        var open = await matching.Offered(await matching.Complete(pathology));

        var today = FrenchTime.Day(matching.Time.GetUtcNow());
        await matching.Broker.Publish(Availability(onLeave) with { Leaves = [$"{today:yyyy-MM-dd}/{today.AddDays(3):yyyy-MM-dd}"] });
        await Eventually.True(
            () => matching.Scalar<bool>("select cardinality(leaves) = 1 from expert where physician_id = @onLeave", new { onLeave }), "leave is known");

        var waiting = await matching.Complete(pathology);
        await matching.WaitForState(waiting, "waiting");
        Reason(await matching.Show(waiting)).ShouldBe("away");
        await matching.Broker.Publish(matching.Accepted(open));
        (await matching.Broker.Next<CaseAssigned>(a => a.CaseId == open.CaseId)).PhysicianId.ShouldBe(onLeave);

        matching.Time.Advance(TimeSpan.FromDays(4));
        (await matching.Offered(waiting)).PhysicianId.ShouldBe(onLeave);
    }

    [Fact]
    public async Task On_leave_past_the_end_of_an_accepted_case_the_physician_is_replaced_at_once()
    {
        var pathology = MatchingService.Pathology();
        var first = await Accept(pathology, await matching.Admit(pathology));
        var other = await matching.Admit(pathology);
        var today = FrenchTime.Day(matching.Time.GetUtcNow());
        await matching.Broker.Publish(Availability(first.PhysicianId) with { Leaves = [$"{today:yyyy-MM-dd}/{today.AddDays(30):yyyy-MM-dd}"] });
        (await matching.Offered(first.CaseId, rank: 2)).PhysicianId.ShouldBe(other);
    }

    [Fact]
    public async Task New_cases_of_a_week_are_limited_and_the_next_week_begins_anew()
    {
        var pathology = MatchingService.Pathology();
        var expert = await matching.Admit(pathology);
        await matching.Broker.Publish(Availability(expert) with { WeeklyCapacity = 1 });
        await Eventually.True(
            () => matching.Scalar<bool>("select weekly_capacity = 1 from expert where physician_id = @expert", new { expert }), "the limit is known");
        await matching.Offered(await matching.Complete(pathology));

        var second = matching.Completed(pathology, left: TimeSpan.FromDays(20));
        await matching.Broker.Publish(second);
        await matching.WaitForState(second.CaseId, "waiting");
        Reason(await matching.Show(second.CaseId)).ShouldBe("week_full");
        matching.Time.Advance(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(2));
        (await matching.Offered(second.CaseId)).PhysicianId.ShouldBe(expert);
    }

    [Fact]
    public async Task Age_and_language_of_the_patient_decide_who_is_asked_and_a_coordinator_may_name_somebody_with_an_interpreter()
    {
        var pathology = MatchingService.Pathology();
        var adults = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Admitted(adults, pathology) with { Patients = "adults", Languages = ["fr", "en"] });
        var children = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Admitted(children, pathology) with { Patients = "children" });
        await Eventually.True(async () => await matching.Scalar<int>(
            "select count(*)::int from expert where @pathology = any(pathology_codes)", new { pathology }) == 2, "both are known");

        var minor = matching.Completed(pathology) with { PatientIsMinor = true };
        await matching.Broker.Publish(minor);
        (await matching.Offered(minor.CaseId)).PhysicianId.ShouldBe(children);

        var english = matching.Completed(pathology) with { PatientIsMinor = true, Language = "en" };
        await matching.Broker.Publish(english);
        await matching.WaitForState(english.CaseId, "waiting");
        (await matching.Show(english.CaseId)).GetProperty("choices")[0].GetProperty("candidates").EnumerateArray()
            .Select(c => c.GetProperty("reason").GetString()).ShouldBe(["other_age", "other_language"], ignoreOrder: true);
        (await Name(english.CaseId, adults)).ShouldBe("MAT-0002");
        (await Name(english.CaseId, children)).ShouldBeNull();
        (await matching.Offered(english.CaseId)).PhysicianId.ShouldBe(children);
    }

    private async Task<CaseAssigned> Accept(string pathology, Guid? by = null)
    {
        var offer = await matching.Offered(await matching.Complete(pathology));
        by?.ShouldBe(offer.PhysicianId);
        await matching.Broker.Publish(matching.Accepted(offer));
        return await matching.Broker.Next<CaseAssigned>(a => a.CaseId == offer.CaseId);
    }

    private async Task<string?> Name(Guid caseId, Guid physicianId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/matching/cases/{caseId}/offers")
        {
            Content = JsonContent.Create(new { physicianId }),
        };
        request.Headers.Add("Idempotency-Key", $"{Guid.CreateVersion7()}");
        using var http = matching.Http(Roles.Ops);
        using var answer = await http.SendAsync(request);
        return answer.IsSuccessStatusCode ? null
            : JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString();
    }

    private AvailabilityChanged Availability(Guid physicianId) =>
        new() { PhysicianId = physicianId, Capacity = 5, AwayUntil = null, ChangedAt = matching.Time.GetUtcNow() };

    private OpinionDelivered Delivered(CaseAssigned assigned) => new()
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = assigned.CaseId,
        PhysicianId = assigned.PhysicianId,
        Version = 1,
        DeliveredAt = matching.Time.GetUtcNow(),
    };

    private static string? Reason(JsonElement shown) =>
        shown.GetProperty("choices")[0].GetProperty("candidates")[0].GetProperty("reason").GetString();
}
