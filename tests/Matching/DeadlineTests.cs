using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Matching;

/// <summary>Tests that set the clock forward; a class of their own, since everybody in a class shares one clock.</summary>
public sealed class DeadlineTests(MatchingService matching) : IClassFixture<MatchingService>
{
    [Fact]
    public async Task An_offer_that_nobody_answers_expires_and_the_next_physician_is_asked()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        await matching.Admit(pathology);
        var caseId = await matching.Complete(pathology);
        var first = await matching.Offered(caseId);

        matching.Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromMinutes(2));

        (await matching.Broker.Next<OfferClosed>(c => c.OfferId == first.OfferId)).Reason.ShouldBe("expired");
        var second = await matching.Offered(caseId, rank: 2);
        second.PhysicianId.ShouldNotBe(first.PhysicianId);
        second.ExpiresAt.ShouldBeGreaterThan(first.ExpiresAt);
    }

    [Fact]
    public async Task An_acceptance_that_arrives_after_the_expiry_assigns_nothing()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var caseId = await matching.Complete(pathology);
        var offer = await matching.Offered(caseId);
        matching.Time.Advance(TimeSpan.FromHours(25));
        await matching.Broker.Next<OfferClosed>(c => c.OfferId == offer.OfferId);

        var late = Guid.CreateVersion7();
        await matching.Broker.Publish(matching.Accepted(offer), late);
        await matching.WaitUntilConsumed(late);

        (await matching.Scalar<string>("select state from offer where offer_id = @OfferId", new { offer.OfferId })).ShouldBe("expired");
        matching.Broker.Heard<CaseAssigned>().ShouldNotContain(a => a.CaseId == caseId);
    }

    [Fact]
    public async Task An_answer_given_in_time_still_counts_during_the_grace()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var caseId = await matching.Complete(pathology);
        var offer = await matching.Offered(caseId);
        var accepted = matching.Accepted(offer);

        matching.Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(30));
        await matching.Broker.Publish(accepted);

        await matching.Broker.Next<CaseAssigned>(a => a.CaseId == caseId);
    }

    [Fact]
    public async Task With_72_hours_left_and_no_physician_the_coordinator_is_called_once_and_the_offer_stays()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var completed = matching.Completed(pathology, left: TimeSpan.FromHours(80));
        await matching.Broker.Publish(completed);
        var offer = await matching.Offered(completed.CaseId);

        matching.Time.Advance(TimeSpan.FromHours(9));
        (await matching.Broker.Next<CaseEscalated>(e => e.CaseId == completed.CaseId)).Reason.ShouldBe("deadline_near");
        await matching.Broker.Publish(matching.Accepted(offer));

        await matching.Broker.Next<CaseAssigned>(a => a.CaseId == completed.CaseId);
        matching.Broker.Heard<CaseEscalated>().Count(e => e.CaseId == completed.CaseId).ShouldBe(1);
    }

    [Fact]
    public async Task A_silent_physician_is_reminded_then_a_coordinator_is_called_then_somebody_else_is_asked_before_the_end()
    {
        var (offer, pathology) = await Assigned();
        var other = await matching.Admit(pathology);

        matching.Time.Advance(TimeSpan.FromHours(57));
        var reminded = await matching.Broker.Next<PhysicianReminded>(r => r.CaseId == offer.CaseId);
        (reminded.PhysicianId, reminded.OfferId).ShouldBe((offer.PhysicianId, offer.OfferId));
        await Sweep();
        matching.Broker.Heard<CaseEscalated>().ShouldNotContain(e => e.CaseId == offer.CaseId);

        matching.Time.Advance(TimeSpan.FromHours(28));
        (await matching.Broker.Next<CaseEscalated>(e => e.CaseId == offer.CaseId)).Reason.ShouldBe("silent_physician");
        (await Attention(offer.CaseId)).ShouldBe(["silent_physician"]);

        matching.Time.Advance(TimeSpan.FromHours(28));
        (await matching.Broker.Next<OfferClosed>(c => c.OfferId == offer.OfferId)).Reason.ShouldBe("replaced");
        var second = await matching.Offered(offer.CaseId, rank: 2);
        second.PhysicianId.ShouldBe(other);
        second.ExpiresAt.ShouldBeLessThan(offer.DueAt - TimeSpan.FromHours(24));
        await matching.Broker.Publish(matching.Accepted(second));
        await matching.Broker.Next<CaseAssigned>(a => a.CaseId == offer.CaseId && a.PhysicianId == other);
        await matching.Broker.Publish(matching.Delivered(second));
        await matching.WaitForState(offer.CaseId, "delivered");
        matching.Broker.Heard<PhysicianReminded>().Count(r => r.CaseId == offer.CaseId).ShouldBe(1, "each silence reminds once");
        (await Attention(offer.CaseId)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_works_is_left_in_peace()
    {
        var (offer, pathology) = await Assigned();
        await matching.Admit(pathology);

        for (var day = 1; day <= 6; day++)
        {
            matching.Time.Advance(TimeSpan.FromDays(1));
            var sign = Guid.CreateVersion7();
            await matching.Broker.Publish(
                new OpinionProgressed { CaseId = offer.CaseId, PhysicianId = offer.PhysicianId, ProgressedAt = matching.Time.GetUtcNow() }, sign);
            await matching.WaitUntilConsumed(sign);
            await Sweep();
        }

        matching.Broker.Heard<OfferClosed>().ShouldNotContain(c => c.CaseId == offer.CaseId);
        matching.Broker.Heard<CaseEscalated>().ShouldNotContain(e => e.CaseId == offer.CaseId);
        // A sign of somebody who does not have the case is none.
        await matching.Broker.Publish(new OpinionProgressed
        {
            CaseId = offer.CaseId,
            PhysicianId = Guid.CreateVersion7(),
            ProgressedAt = matching.Time.GetUtcNow().AddHours(30),
        });
        matching.Time.Advance(TimeSpan.FromHours(25));
        await Eventually.True(() => matching.Broker.Heard<CaseEscalated>().Any(e => e.CaseId == offer.CaseId && e.Reason == "overdue"), "the end is told");
    }

    [Fact]
    public async Task A_silent_physician_keeps_the_case_when_nobody_else_can_be_asked_and_the_coordinator_knows_and_may_replace()
    {
        var (offer, pathology) = await Assigned();

        matching.Time.Advance(TimeSpan.FromHours(113));
        await Eventually.True(
            () => matching.Broker.Heard<CaseEscalated>().Any(e => e.CaseId == offer.CaseId && e.Reason == "no_replacement"), "the coordinator is called");
        await matching.WaitForState(offer.CaseId, "assigned");

        var other = await matching.Admit(pathology + "-neighbour", specialty: "SM51");
        var ops = matching.Http(SecondOpinion.ServiceDefaults.Access.Roles.Ops);
        async Task<int> Name(object body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/matching/cases/{offer.CaseId}/offers") { Content = JsonContent.Create(body) };
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            return (int)(await ops.SendAsync(request)).StatusCode;
        }

        (await Name(new { physicianId = other })).ShouldBe(409, "the case has a physician, and that has to be said");
        (await Name(new { physicianId = other, replaces = Guid.CreateVersion7() })).ShouldBe(409);
        (await Name(new { physicianId = other, replaces = offer.PhysicianId })).ShouldBe(200);
        (await matching.Broker.Next<OfferClosed>(c => c.OfferId == offer.OfferId)).Reason.ShouldBe("replaced");
        (await matching.Offered(offer.CaseId, rank: 2)).PhysicianId.ShouldBe(other);
    }

    [Fact]
    public async Task A_physician_who_is_suspended_or_away_past_the_end_is_replaced_at_once()
    {
        foreach (var (suspended, away) in new[] { (true, (TimeSpan?)null), (false, TimeSpan.FromDays(9)) })
        {
            var (offer, pathology) = await Assigned();
            var other = await matching.Admit(pathology);
            await matching.Broker.Publish(new AvailabilityChanged
            {
                PhysicianId = offer.PhysicianId,
                Capacity = suspended ? 0 : 5,
                AwayUntil = matching.Time.GetUtcNow() + away,
                Suspended = suspended,
                ChangedAt = matching.Time.GetUtcNow(),
            });

            (await matching.Broker.Next<OfferClosed>(c => c.OfferId == offer.OfferId)).Reason.ShouldBe("replaced");
            (await matching.Offered(offer.CaseId, rank: 2)).PhysicianId.ShouldBe(other);
        }
    }

    [Fact]
    public async Task While_the_patient_is_asked_nobody_is_late_and_the_watch_goes_on_with_the_answer()
    {
        var (offer, _) = await Assigned();
        var asked = Guid.CreateVersion7();
        var question = new InformationRequested
        {
            RequestId = Guid.CreateVersion7(),
            CaseId = offer.CaseId,
            PhysicianId = offer.PhysicianId,
            RequestedAt = matching.Time.GetUtcNow(),
        };
        await matching.Broker.Publish(question, asked);
        await matching.WaitUntilConsumed(asked);
        matching.Time.Advance(TimeSpan.FromDays(6));
        await Sweep();
        matching.Broker.Heard<PhysicianReminded>().ShouldNotContain(r => r.CaseId == offer.CaseId);

        var answered = Guid.CreateVersion7();
        await matching.Broker.Publish(new InformationProvided
        {
            CaseId = offer.CaseId,
            RequestId = question.RequestId,
            PhysicianId = offer.PhysicianId,
            DueAt = offer.DueAt.AddDays(6),
            ProvidedAt = matching.Time.GetUtcNow(),
        }, answered);
        await matching.WaitUntilConsumed(answered);
        await Sweep();
        (await matching.Scalar<DateTime>("select due_at from matching_case where case_id = @CaseId", new { offer.CaseId }))
            .ShouldBe(offer.DueAt.AddDays(6).UtcDateTime, TimeSpan.FromMilliseconds(1));
        matching.Broker.Heard<PhysicianReminded>().ShouldNotContain(r => r.CaseId == offer.CaseId);
        // The question told once more, after its answer, pauses nothing.
        await matching.Broker.Publish(question);
        matching.Time.Advance(TimeSpan.FromDays(3));
        await matching.Broker.Next<PhysicianReminded>(r => r.CaseId == offer.CaseId);
    }

    [Fact]
    public async Task An_opinion_signed_while_somebody_else_is_asked_is_the_opinion_and_the_other_offer_ends()
    {
        var (offer, pathology) = await Assigned();
        await matching.Admit(pathology);
        matching.Time.Advance(TimeSpan.FromHours(113));
        var second = await matching.Offered(offer.CaseId, rank: 2);

        await matching.Broker.Publish(matching.Delivered(offer));

        (await matching.Broker.Next<OfferClosed>(c => c.OfferId == second.OfferId)).Reason.ShouldBe("withdrawn");
        await matching.WaitForState(offer.CaseId, "delivered");
        (await matching.Scalar<string>("select state from offer where offer_id = @OfferId", new { offer.OfferId })).ShouldBe("delivered");
    }

    private async Task<(CaseOffered Offer, string Pathology)> Assigned()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var completed = matching.Completed(pathology);
        await matching.Broker.Publish(completed);
        var offer = await matching.Offered(completed.CaseId);
        await matching.Broker.Publish(matching.Accepted(offer));
        await matching.WaitForState(completed.CaseId, "assigned");
        return (offer, pathology);
    }

    /// <summary>Everything that is due now is done.</summary>
    private async Task Sweep()
    {
        while (await matching.AdvanceDueCases().AdvanceOne(CancellationToken.None))
        {
        }
    }

    private async Task<string[]> Attention(Guid caseId)
    {
        var page = await matching.Http(SecondOpinion.ServiceDefaults.Access.Roles.Ops)
            .GetFromJsonAsync<JsonElement>("/api/v1/matching/attention?limit=100");
        return [.. page.GetProperty("items").EnumerateArray().Where(c => c.GetProperty("caseId").GetGuid() == caseId)
            .SelectMany(c => c.GetProperty("reasons").EnumerateArray()).Select(r => r.GetString()!)];
    }

    [Fact]
    public async Task Several_sweeps_at_once_expire_each_offer_once()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology, capacity: 30);
        var cases = new List<Guid>();
        for (var i = 0; i < 12; i++)
        {
            cases.Add(await matching.Complete(pathology));
        }

        foreach (var caseId in cases)
        {
            await matching.Offered(caseId);
        }

        matching.Time.Advance(TimeSpan.FromHours(25));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (await matching.AdvanceDueCases().AdvanceOne(CancellationToken.None))
            {
            }
        }));

        await Eventually.True(() => cases.All(c => matching.Broker.Heard<OfferClosed>().Any(o => o.CaseId == c)), "every offer is closed");
        cases.ShouldAllBe(c => matching.Broker.Heard<OfferClosed>().Count(o => o.CaseId == c) == 1);
    }
}
