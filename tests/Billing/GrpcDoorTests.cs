using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>Every method tried as every caller: what is not in the list of Program.cs is closed.</summary>
public sealed class GrpcDoorTests(BillingFixture fixture) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task Each_method_opens_to_its_callers_and_to_nobody_else() =>
        (await GrpcDoors.Open(fixture.Service)).ShouldBe(
        [
            "/secondopinion.billing.v1.Eligibility/Check: intake",
            "/secondopinion.billing.v1.Eligibility/CheckMany: intake",
            "/secondopinion.billing.v1.Eligibility/Reserve: intake",
            "/secondopinion.billing.v1.Fees/Statement: physician",
        ]);
}
