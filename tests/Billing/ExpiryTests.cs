using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecondOpinion.Billing.Coverage;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class ExpiryTests : IAsyncLifetime
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 5, 4, 9, 0, 0, TimeSpan.Zero));
    private readonly BillingFixture _billing = new();

    public ValueTask InitializeAsync()
    {
        _billing.Configure = services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time));
        return _billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _billing.DisposeAsync();

    [Fact]
    public async Task An_engagement_that_ran_out_gives_its_use_back_once()
    {
        var caseId = Guid.CreateVersion7();
        (await Reserve(caseId)).Reserved.ShouldBeTrue();
        await Expire();
        (await State(caseId)).ShouldBe("reserved", "it holds until its day");
        _time.Advance(TimeSpan.FromDays(91));
        await Expire();
        await Expire();
        (await State(caseId)).ShouldBe("expired");
        (await Left()).ShouldBe(1);
        (await _billing.Release(caseId))
            .ShouldBeFalse("there is nothing to give back any more");
        (await Left()).ShouldBe(1);
        (await Reserve(caseId)).RefusalCode.ShouldBe("case_released");
        (await Reserve(Guid.CreateVersion7())).Reserved.ShouldBeTrue();
        await _billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId);
    }

    [Fact]
    public async Task A_delivered_opinion_uses_the_engagement_up_for_good_also_when_told_twice()
    {
        var caseId = Guid.CreateVersion7();
        (await Reserve(caseId)).Reserved.ShouldBeTrue();
        var delivered = new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = caseId,
            PhysicianId = Guid.CreateVersion7(),
            Version = 1,
            DeliveredAt = _time.GetUtcNow(),
        };
        await _billing.Service.Broker.Publish(delivered);
        await _billing.Service.Broker.Publish(delivered);
        await Eventually.True(async () => await State(caseId) == "confirmed", "the use is consumed");
        _time.Advance(TimeSpan.FromDays(91));
        await Expire();
        (await State(caseId)).ShouldBe("confirmed");
        (await _billing.Release(caseId)).ShouldBeFalse();
        (await Left()).ShouldBe(0);
    }

    private Task<int> Expire() => _billing.Service.Services.GetRequiredService<ExpireCoverage>().Run(CancellationToken.None);

    private Task<string> State(Guid caseId) => _billing.Scalar<string>("select state from coverage where case_id = @caseId", new { caseId });

    private async Task<int> Left() => (await _billing.Client.CheckAsync(Person, deadline: BillingFixture.Soon)).RemainingUses;

    private async Task<ReserveReply> Reserve(Guid caseId) =>
        await _billing.Client.ReserveAsync(new ReserveRequest { CaseId = caseId.ToString(), Person = Person }, deadline: BillingFixture.Soon);

    private static CheckRequest Person => BillingFixture.Person("A4", "1990-09-10");
}
