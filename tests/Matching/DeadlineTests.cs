using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
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
    public async Task An_assigned_case_is_not_escalated_and_keeps_the_later_deadline()
    {
        var pathology = MatchingService.Pathology();
        await matching.Admit(pathology);
        var completed = matching.Completed(pathology);
        await matching.Broker.Publish(completed);
        var offer = await matching.Offered(completed.CaseId);
        await matching.Broker.Publish(matching.Accepted(offer));
        await matching.WaitForState(completed.CaseId, "assigned");

        var provided = new InformationProvided
        {
            CaseId = completed.CaseId,
            RequestId = Guid.CreateVersion7(),
            PhysicianId = offer.PhysicianId,
            DueAt = completed.DueAt.AddDays(2),
            ProvidedAt = matching.Time.GetUtcNow(),
        };
        var message = Guid.CreateVersion7();
        await matching.Broker.Publish(provided, message);
        await matching.WaitUntilConsumed(message);
        matching.Time.Advance(TimeSpan.FromDays(6));
        while (await matching.AdvanceDueCases().AdvanceOne(CancellationToken.None))
        {
        }

        (await matching.Scalar<DateTime>("select due_at from matching_case where case_id = @CaseId", new { completed.CaseId }))
            .ShouldBe(completed.DueAt.AddDays(2).UtcDateTime, TimeSpan.FromMilliseconds(1));
        matching.Broker.Heard<CaseEscalated>().ShouldNotContain(e => e.CaseId == completed.CaseId);
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
