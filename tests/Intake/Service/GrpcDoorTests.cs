using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Every method tried as every caller: what is not in the list of Program.cs is closed.</summary>
public sealed class GrpcDoorTests(IntakeFixture fixture) : IClassFixture<IntakeFixture>
{
    [Fact]
    public async Task Each_method_opens_to_its_callers_and_to_nobody_else() =>
        (await GrpcDoors.Open(fixture.Service)).ShouldBe(
        [
            "/secondopinion.intake.v1.Dossiers/CheckAccess: physician by physician",
            "/secondopinion.intake.v1.Dossiers/Download: physician by physician",
            "/secondopinion.intake.v1.Dossiers/Get: physician by physician",
            "/secondopinion.intake.v1.Dossiers/RequestInformation: physician by physician",
            "/secondopinion.intake.v1.Sharing/Confirm: physician",
            "/secondopinion.intake.v1.Sharing/Find: physician",
        ]);
}
