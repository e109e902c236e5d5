using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

/// <summary>Every method tried as every caller: what is not in the list of Program.cs is closed.</summary>
public sealed class GrpcDoorTests(PhysicianService fixture) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task Each_method_opens_to_its_callers_and_to_nobody_else() =>
        (await GrpcDoors.Open(fixture.Service)).ShouldBe(
        [
            "/secondopinion.physician.v1.Opinions/Download: intake",
            "/secondopinion.physician.v1.Opinions/Get: intake",
            "/secondopinion.physician.v1.Roster/List: matching",
            "/secondopinion.physician.v1.Shares/List: intake",
        ]);
}
