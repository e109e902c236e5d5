using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class CoverageTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task A_reservation_asked_again_gives_the_same_answer_and_takes_one_use()
    {
        await Member("R1");
        var caseId = Guid.CreateVersion7();
        var first = await Reserve(caseId, "R1");
        first.Reserved.ShouldBeTrue();
        first.EngagementNumber.ShouldNotBeEmpty();
        (await Reserve(caseId, "R1")).ShouldBe(first);
        (await billing.Client.CheckAsync(BillingFixture.Person("R1"), deadline: BillingFixture.Soon)).RemainingUses.ShouldBe(1);
        var told = await billing.Service.Broker.Next<CoverageReserved>(e => e.CaseId == caseId);
        told.EngagementNumber.ShouldBe(first.EngagementNumber);
        told.InsurerId.ShouldBe(BillingFixture.InsurerId);
    }

    [Fact]
    public async Task A_hundred_parallel_reservations_on_one_remaining_use_give_exactly_one()
    {
        await Member("R2", "ONCE");
        var client = billing.Client;
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => Reserve(Guid.CreateVersion7(), "R2", client))));
        replies.Count(r => r.Reserved).ShouldBe(1);
        replies.Where(r => !r.Reserved).ShouldAllBe(r => r.RefusalCode == "no_use_left");
    }

    [Fact]
    public async Task A_hundred_parallel_reservations_of_one_case_take_one_use()
    {
        await Member("R3");
        var (caseId, client) = (Guid.CreateVersion7(), billing.Client);
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => Reserve(caseId, "R3", client))));
        replies.ShouldAllBe(r => r.Reserved);
        replies.Select(r => r.EngagementNumber).Distinct().Count().ShouldBe(1);
        (await billing.Client.CheckAsync(BillingFixture.Person("R3"), deadline: BillingFixture.Soon)).RemainingUses.ShouldBe(1);
    }

    [Fact]
    public async Task A_familys_uses_are_counted_together()
    {
        await billing.Import(BillingFixture.InsurerId, Delta + "A;F1;1980-01-02;1;A;;CONFORT;2022-01-01;\nA;F1;1982-03-04;1;C;;CONFORT;2022-01-01;\n", "delta");
        (await Reserve(Guid.CreateVersion7(), "F1")).Reserved.ShouldBeTrue();
        (await Reserve(Guid.CreateVersion7(), "F1")).Reserved.ShouldBeTrue();
        (await Reserve(Guid.CreateVersion7(), "F1")).RefusalCode.ShouldBe("no_use_left");
        (await Reserve(Guid.CreateVersion7(), "F1", birth: "1982-03-04")).Reserved.ShouldBeTrue();
        (await Reserve(Guid.CreateVersion7(), "F1", birth: "1982-03-04")).RefusalCode.ShouldBe("no_use_left");
    }

    [Fact]
    public async Task Two_families_members_reserving_at_once_never_block_each_other_for_good()
    {
        await billing.Import(BillingFixture.InsurerId, Delta + "A;F2;1980-01-02;1;A;;CONFORT;2022-01-01;\nA;F2;1982-03-04;1;C;;CONFORT;2022-01-01;\n", "delta");
        var client = billing.Client;
        var replies = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() =>
            Reserve(Guid.CreateVersion7(), "F2", client, i % 2 == 0 ? "1980-01-02" : "1982-03-04"))));
        replies.Count(r => r.Reserved).ShouldBe(3);
    }

    [Fact]
    public async Task A_release_gives_the_use_back_once_and_the_case_cannot_reserve_again()
    {
        await Member("R4", "ONCE");
        var caseId = Guid.CreateVersion7();
        await Reserve(caseId, "R4");
        (await billing.Release(caseId)).ShouldBeTrue();
        (await billing.Release(caseId)).ShouldBeFalse();
        (await Reserve(caseId, "R4")).RefusalCode.ShouldBe("case_released");
        (await Reserve(Guid.CreateVersion7(), "R4")).Reserved.ShouldBeTrue();
        (await billing.Release(Guid.CreateVersion7()))
            .ShouldBeFalse();
        (await billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId)).InsurerId.ShouldBe(BillingFixture.InsurerId);
    }

    [Fact]
    public async Task A_withdrawn_case_releases_its_use_also_when_told_twice()
    {
        await Member("R5", "ONCE");
        var caseId = Guid.CreateVersion7();
        await Reserve(caseId, "R5");
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = DateTimeOffset.UtcNow });
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = DateTimeOffset.UtcNow });
        await Eventually.True(async () => await State(caseId) == "released", "the use is given back");
        (await billing.Client.CheckAsync(BillingFixture.Person("R5"), deadline: BillingFixture.Soon)).RemainingUses.ShouldBe(1);
    }

    [Fact]
    public async Task An_erased_case_gives_its_use_back_and_leads_to_nobody_also_when_the_withdrawal_comes_later()
    {
        await Member("R6", "ONCE");
        var caseId = Guid.CreateVersion7();
        await Reserve(caseId, "R6");
        const string Leads = "select count(*) from coverage c join use_subject s on s.subject_id in (c.person_id, c.family_id) where c.case_id = @caseId";
        (await billing.Scalar<int>(Leads, new { caseId })).ShouldBeGreaterThan(0);
        await billing.Service.Broker.Publish(new CaseErased { CaseId = caseId, Reason = "patient", ErasedAt = DateTimeOffset.UtcNow });
        await billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId);
        await Eventually.True(async () => await billing.Scalar<int>(Leads, new { caseId }) == 0, "nobody is behind the cover");
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = DateTimeOffset.UtcNow });
        await Eventually.True(
            async () => await billing.Scalar<bool>("select exists (select from withdrawn_case where case_id = @caseId)", new { caseId }), "it is heard");
        (await billing.Client.CheckAsync(BillingFixture.Person("R6"), deadline: BillingFixture.Soon)).RemainingUses.ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_is_told_once_for_a_case()
    {
        var caseId = Guid.CreateVersion7();
        (await Reserve(caseId, "NOBODY")).RefusalCode.ShouldBe("not_recognised");
        await Reserve(caseId, "NOBODY");
        await billing.Service.Broker.Next<CoverageRefused>(e => e.CaseId == caseId);
        (await billing.Scalar<int>("select count(*) from coverage_refusal where case_id = @caseId", new { caseId })).ShouldBe(1);
    }

    private const string Delta = "operation;numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n";

    private Task Member(string member, string contract = "CONFORT") =>
        billing.Import(BillingFixture.InsurerId, $"{Delta}A;{member};1980-01-02;1;A;;{contract};2022-01-01;\n", "delta");

    private async Task<ReserveReply> Reserve(Guid caseId, string member, Eligibility.EligibilityClient? client = null, string birth = "1980-01-02") =>
        await (client ?? billing.Client).ReserveAsync(
            new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person(member, birth) }, deadline: BillingFixture.Soon);

    private Task<string> State(Guid caseId) => billing.Scalar<string>("select state from coverage where case_id = @caseId", new { caseId });
}
