using System.Net;
using System.Net.Http.Json;
using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Matching;

public sealed class OfferTests(MatchingService matching) : IClassFixture<MatchingService>
{
    [Fact]
    public async Task A_complete_case_is_offered_to_a_referent_and_assigned_on_acceptance()
    {
        var pathology = MatchingService.Pathology();
        var expert = await matching.Admit(pathology);

        var caseId = await matching.Complete(pathology);
        var offer = await matching.Offered(caseId);
        offer.PhysicianId.ShouldBe(expert);
        offer.PathologyCode.ShouldBe(pathology);
        (offer.ExpiresAt - offer.OfferedAt).ShouldBe(TimeSpan.FromHours(24));
        await matching.Broker.Publish(matching.Accepted(offer));

        var assigned = await matching.Broker.Next<CaseAssigned>(a => a.CaseId == caseId);
        assigned.OfferId.ShouldBe(offer.OfferId);
        assigned.PhysicianId.ShouldBe(expert);
    }

    [Fact]
    public async Task Cases_that_wait_together_are_assigned_together_so_that_each_gets_the_physician_it_needs()
    {
        var (common, rare) = (MatchingService.Pathology(), MatchingService.Pathology());
        // Less loaded, so that one case after the other would give the common one to the only physician of the rare one.
        var both = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Admitted(both, common, capacity: 0) with { PathologyCodes = [common, rare] });
        var other = await matching.Admit(common, capacity: 0);
        await Eventually.True(
            async () => await matching.Scalar<int>("select count(*)::int from expert where @rare = any(pathology_codes)", new { rare }) == 1, "it is told");
        Guid[] cases = [await matching.Complete(common), await matching.Complete(rare)];
        foreach (var caseId in cases)
        {
            await matching.WaitForState(caseId, "waiting");
        }

        // Both come back at one moment, and both cases are looked at then.
        await matching.Scalar<object>(
            """
            update expert set capacity = case when physician_id = @both then 1 else 4 end where physician_id in (@both, @other);
            update matching_case set next_look_at = '2000-01-01' where case_id = any(@cases);
            """,
            new { both, other, cases });

        (await matching.Offered(cases[1])).PhysicianId.ShouldBe(both);
        (await matching.Offered(cases[0])).PhysicianId.ShouldBe(other);
        var shown = await matching.Show(cases[0]);
        shown.GetProperty("physicianId").GetGuid().ShouldBe(other);
    }

    [Fact]
    public async Task An_erased_case_forgets_where_and_by_whom_its_patient_is_treated()
    {
        var caseId = await matching.Complete(MatchingService.Pathology(), treating: "189999998");
        const string Knows = "select count(*)::int from matching_case where case_id = @caseId and treating_establishment is not null";
        await Eventually.True(async () => await matching.Scalar<int>(Knows, new { caseId }) == 1, "the case is known");
        await matching.Broker.Publish(new CaseErased { CaseId = caseId, Reason = "patient", ErasedAt = matching.Time.GetUtcNow() });
        await Eventually.True(async () => await matching.Scalar<int>(Knows, new { caseId }) == 0, "it is forgotten");
        (await matching.Scalar<int>("select count(*)::int from outbox_sent where aggregate_id = @caseId", new { caseId })).ShouldBe(0);
    }

    [Fact]
    public async Task Operations_see_every_candidate_and_why_it_was_taken_or_left()
    {
        var pathology = MatchingService.Pathology();
        var near = await matching.Admit(pathology, establishments: ["189999998"]);
        var full = await matching.Admit(pathology, capacity: 0);
        var free = await matching.Admit(pathology);

        var caseId = await matching.Complete(pathology, treating: "189999998");
        await matching.Offered(caseId);
        var shown = await matching.Show(caseId);

        shown.GetProperty("state").GetString().ShouldBe("offered");
        shown.GetProperty("physicianId").GetGuid().ShouldBe(free);
        var choice = shown.GetProperty("choices").EnumerateArray().Single();
        choice.GetProperty("basis").GetString().ShouldBe("pathology");
        choice.GetProperty("candidates").EnumerateArray().ToDictionary(c => c.GetProperty("physicianId").GetGuid(), c => c.GetProperty("reason").GetString())
            .ShouldBe(new Dictionary<Guid, string?> { [near] = "not_independent", [full] = "full", [free] = "chosen" }, ignoreOrder: true);
        (await matching.Scalar<int>("select count(*)::int from audit_record where action = 'read' and object_type = 'matching' and object_id = @Id",
            new { Id = caseId.ToString() })).ShouldBe(1, "whoever reads the explanation is on record");
    }

    [Fact]
    public async Task Only_operations_see_how_a_case_was_matched()
    {
        foreach (var role in Roles.All.Where(r => r != Roles.Ops))
        {
            (await matching.Http(role).GetAsync($"/api/v1/matching/cases/{Guid.CreateVersion7()}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await matching.Http(Roles.Ops).GetAsync($"/api/v1/matching/cases/{Guid.CreateVersion7()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Each_refusal_asks_the_next_and_the_third_calls_the_coordinator_once()
    {
        var pathology = MatchingService.Pathology();
        for (var i = 0; i < 4; i++)
        {
            await matching.Admit(pathology);
        }

        var caseId = await matching.Complete(pathology);
        var asked = new List<Guid>();
        for (var rank = 1; rank <= 3; rank++)
        {
            var offer = await matching.Offered(caseId, rank);
            asked.Add(offer.PhysicianId);
            await matching.Decline(offer);
            var closed = await matching.Broker.Next<OfferClosed>(c => c.OfferId == offer.OfferId);
            closed.Reason.ShouldBe("declined");
        }

        var escalated = await matching.Broker.Next<CaseEscalated>(e => e.CaseId == caseId);
        escalated.Reason.ShouldBe("too_many_refusals");
        asked.Distinct().Count().ShouldBe(3);
        await matching.WaitForState(caseId, "escalated");
        matching.Broker.Heard<CaseOffered>().Count(o => o.CaseId == caseId).ShouldBe(3);
        matching.Broker.Heard<CaseEscalated>().Count(e => e.CaseId == caseId).ShouldBe(1);
    }

    [Fact]
    public async Task A_coordinator_names_a_physician_after_an_escalation_within_the_same_rules()
    {
        var pathology = MatchingService.Pathology();
        var only = await matching.Admit(pathology);
        var caseId = await matching.Complete(pathology, treating: "759999907");
        await matching.Decline(await matching.Offered(caseId));
        await matching.Broker.Next<CaseEscalated>(e => e.CaseId == caseId && e.Reason == "no_expert");
        var near = await matching.Admit(MatchingService.Pathology(), establishments: ["759999907"], specialty: "SM36");
        var other = await matching.Admit(MatchingService.Pathology(), specialty: "SM36");

        (await Name(caseId, only)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Name(caseId, near)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Name(caseId, Guid.CreateVersion7())).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Name(caseId, other)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await matching.Offered(caseId, 2)).PhysicianId.ShouldBe(other);
        (await matching.Show(caseId)).GetProperty("choices").EnumerateArray().Last().GetProperty("basis").GetString().ShouldBe("coordinator");
        (await Name(caseId, other)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Without_any_expert_the_coordinator_is_called_and_the_case_is_offered_once_one_is_admitted()
    {
        var pathology = MatchingService.Pathology();
        var caseId = await matching.Complete(pathology, specialty: "SM99");
        (await matching.Broker.Next<CaseEscalated>(e => e.CaseId == caseId)).Reason.ShouldBe("no_expert");

        var expert = await matching.Admit(pathology);

        (await matching.Offered(caseId)).PhysicianId.ShouldBe(expert);
        matching.Broker.Heard<CaseEscalated>().Count(e => e.CaseId == caseId).ShouldBe(1);
    }

    [Fact]
    public async Task A_withdrawn_case_closes_its_offer_and_a_late_acceptance_assigns_nothing()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var caseId = await matching.Complete(pathology);
        var offer = await matching.Offered(caseId);

        await matching.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = matching.Time.GetUtcNow() });
        (await matching.Broker.Next<OfferClosed>(c => c.CaseId == caseId)).Reason.ShouldBe("withdrawn");
        var late = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Accepted(offer), late);
        await matching.WaitUntilConsumed(late);

        (await matching.Scalar<string>("select state from matching_case where case_id = @caseId", new { caseId })).ShouldBe("withdrawn");
        matching.Broker.Heard<CaseAssigned>().ShouldNotContain(a => a.CaseId == caseId);
    }

    [Fact]
    public async Task A_withdrawal_that_overtakes_the_completion_wins()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var completed = matching.Completed(pathology);
        await matching.Broker.Publish(new CaseWithdrawn { CaseId = completed.CaseId, WithdrawnAt = matching.Time.GetUtcNow() });
        await matching.WaitForState(completed.CaseId, "withdrawn");

        var message = Guid.CreateVersion7();
        await matching.Broker.Publish(completed, message);
        await matching.WaitUntilConsumed(message);

        (await matching.Scalar<int>("select count(*)::int from offer where case_id = @CaseId", new { completed.CaseId })).ShouldBe(0);
    }

    [Fact]
    public async Task A_message_delivered_five_times_has_one_effect_and_so_has_the_same_fact_in_two_messages()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        await matching.Admit(pathology);
        var completed = matching.Completed(pathology);
        var message = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => matching.Broker.Publish(completed, message)));
        var again = Guid.CreateVersion7();
        await matching.Broker.Publish(completed, again);
        var offer = await matching.Offered(completed.CaseId);
        await matching.WaitUntilConsumed(again);

        var accepted = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => matching.Broker.Publish(matching.Accepted(offer), i < 3 ? accepted : Guid.CreateVersion7())));
        await matching.Broker.Next<CaseAssigned>(a => a.CaseId == completed.CaseId);
        var last = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Accepted(offer), last);
        await matching.WaitUntilConsumed(last);

        await Eventually.True(async () => await matching.Scalar<long>("select count(*) from outbox") == 0, "the outbox is empty");
        matching.Broker.Heard<CaseOffered>().Count(o => o.CaseId == completed.CaseId).ShouldBe(1);
        matching.Broker.Heard<CaseAssigned>().Count(a => a.CaseId == completed.CaseId).ShouldBe(1);
    }

    [Fact]
    public async Task Of_an_acceptance_and_a_refusal_at_once_exactly_one_wins()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var offers = new List<CaseOffered>();
        for (var i = 0; i < 5; i++)
        {
            offers.Add(await matching.Offered(await matching.Complete(pathology)));
        }

        var messages = offers.Select(o => (Offer: o, Yes: Guid.CreateVersion7(), No: Guid.CreateVersion7())).ToList();
        await Task.WhenAll(messages.SelectMany(
            m => new[] { matching.Broker.Publish(matching.Accepted(m.Offer), m.Yes), matching.Broker.Publish(matching.Declined(m.Offer), m.No) }));
        foreach (var (offer, yes, no) in messages)
        {
            await matching.WaitUntilConsumed(yes);
            await matching.WaitUntilConsumed(no);
        }

        await Eventually.True(async () => await matching.Scalar<long>("select count(*) from outbox") == 0, "the outbox is empty");
        foreach (var offer in offers)
        {
            await Eventually.True(
                () =>
                    matching.Broker.Heard<CaseAssigned>().Any(a => a.OfferId == offer.OfferId)
                        || matching.Broker.Heard<OfferClosed>().Any(c => c.OfferId == offer.OfferId),
                "the offer has an end");
            var assigned = matching.Broker.Heard<CaseAssigned>().Count(a => a.OfferId == offer.OfferId);
            var closed = matching.Broker.Heard<OfferClosed>().Count(c => c.OfferId == offer.OfferId);
            (assigned + closed).ShouldBe(1);
        }
    }

    [Fact]
    public async Task Twenty_cases_at_once_never_fill_more_places_than_there_are_and_the_rest_follow_as_places_become_free()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology, capacity: 3);
        await matching.Admit(pathology, capacity: 4);
        var cases = Enumerable.Range(0, 20).Select(_ => matching.Completed(pathology)).ToList();

        await Task.WhenAll(cases.Select(c => matching.Broker.Publish(c)));
        var ids = cases.Select(c => c.CaseId).ToArray();
        await Eventually.True(
            async () => await matching.Scalar<int>("select count(*)::int from choice where case_id = any(@ids)", new { ids }) == 20, "all have been looked at");

        (await Held(ids)).ShouldBe([3, 4]);
        var offer = matching.Broker.Heard<CaseOffered>().FirstOrDefault(o => ids.Contains(o.CaseId))
            ?? await matching.Broker.Next<CaseOffered>(o => ids.Contains(o.CaseId));
        await matching.Broker.Publish(matching.Accepted(offer));
        await matching.Broker.Next<CaseAssigned>(a => a.CaseId == offer.CaseId);
        (await Held(ids)).ShouldBe([3, 4]);

        await matching.Broker.Publish(matching.Delivered(offer));
        await Eventually.True(() => matching.Broker.Heard<CaseOffered>().Count(o => ids.Contains(o.CaseId)) == 8, "the freed place goes to a waiting case");
        (await Held(ids)).ShouldBe([3, 4]);
    }

    [Fact]
    public async Task Load_is_shared_among_experts_of_one_pathology()
    {
        var pathology = MatchingService.Pathology();
        for (var i = 0; i < 3; i++)
        {
            await matching.Admit(pathology, capacity: 5);
        }

        var cases = new List<Guid>();
        for (var i = 0; i < 9; i++)
        {
            cases.Add(await matching.Complete(pathology));
        }

        foreach (var caseId in cases)
        {
            await matching.Offered(caseId);
        }

        (await Held([.. cases])).ShouldBe([3, 3, 3]);
    }

    [Fact]
    public async Task The_last_profile_by_time_wins_in_whatever_order_they_arrive()
    {
        var (older, newer) = (MatchingService.Pathology(), MatchingService.Pathology());
        var id = Guid.CreateVersion7();
        var second = matching.Admitted(id, newer, capacity: 7);
        var first = second with { PathologyCodes = [older], Capacity = 2, AdmittedAt = second.AdmittedAt.AddMinutes(-5) };
        await matching.Broker.Publish(new AvailabilityChanged
        {
            PhysicianId = id,
            Capacity = 1,
            AwayUntil = null,
            ChangedAt = second.AdmittedAt.AddMinutes(-1),
        });
        await Eventually.True(() => matching.Scalar<bool>("select exists (select from expert where physician_id = @id)", new { id }),
            "the availability is kept before the profile");
        await matching.Broker.Publish(second);
        await Eventually.True(() => matching.Scalar<bool>("select exists (select from expert where physician_id = @id and capacity = 7)", new { id }),
            "the newer profile is kept");

        var late = Guid.CreateVersion7();
        await matching.Broker.Publish(first, late);
        await matching.WaitUntilConsumed(late);

        (await matching.Scalar<string[]>("select pathology_codes from expert where physician_id = @id", new { id })).ShouldBe([newer]);
        (await matching.Scalar<int>("select capacity from expert where physician_id = @id", new { id })).ShouldBe(7);
    }

    [Fact]
    public async Task Who_is_away_is_left_out_until_back()
    {
        var pathology = MatchingService.Pathology();
        var id = await matching.Admit(pathology);
        var changed =
            new AvailabilityChanged { PhysicianId = id, Capacity = 5, AwayUntil = matching.Time.GetUtcNow().AddDays(1), ChangedAt = matching.Time.GetUtcNow() };
        var away = Guid.CreateVersion7();
        await matching.Broker.Publish(changed, away);
        await matching.WaitUntilConsumed(away);
        var caseId = await matching.Complete(pathology);
        await matching.Broker.Next<CaseEscalated>(e => e.CaseId == caseId);

        await matching.Broker.Publish(changed with { AwayUntil = null, ChangedAt = changed.ChangedAt.AddSeconds(1) });

        (await matching.Offered(caseId)).PhysicianId.ShouldBe(id);
    }

    /// <summary>Places held by each expert of these cases, ascending.</summary>
    private async Task<IReadOnlyList<int>> Held(Guid[] ids)
    {
        await using var db = await matching.Data.OpenConnectionAsync();
        return [.. await db.QueryAsync<int>(
            "select count(*)::int from offer where case_id = any(@ids) and state in ('open', 'accepted') group by physician_id order by 1", new { ids })];
    }

    private async Task<HttpResponseMessage> Name(Guid caseId, Guid physicianId)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Post, $"/api/v1/matching/cases/{caseId}/offers") { Content = JsonContent.Create(new { physicianId }) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return await matching.Http(Roles.Ops).SendAsync(request);
    }
}
