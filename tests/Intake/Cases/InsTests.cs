using SecondOpinion.Intake.Cases;

namespace SecondOpinion.Tests.Intake.Cases;

/// <summary>The national health identity: matricule, authority, state, and the five traits of its person.</summary>
public sealed class InsTests
{
    private static readonly CasePerson Person = new("EXEMPLE", ["Camille"], "F", new DateOnly(1979, 3, 5), BirthPlaceCode: "35238");

    [Theory]
    [InlineData("279035121518989", "1.2.250.1.213.1.4.8", "qualified", "")]
    [InlineData("279035121518980", "1.2.250.1.213.1.4.8", "qualified", "#/patient/ins/matricule invalid_key")]
    [InlineData("288091234567823", "1.2.250.1.213.1.4.10", "qualified", "")]
    [InlineData("288091234567823", "1.2.250.1.213.1.4.2", "qualified", "#/patient/ins/oid unknown_code")]
    [InlineData("279035121518989", "1.2.250.1.213.1.4.8", "retrieved", "#/patient/ins/status not_qualified")]
    [InlineData("279035121518989", "1.2.250.1.213.1.4.8", "sure", "#/patient/ins/status unknown_code")]
    public void A_matricule_stands_with_its_authority_and_a_qualified_identity(string matricule, string oid, string status, string fault) =>
        string.Join(' ',
            (Person with { Ins = new CaseIns(matricule, oid, status) }).Faults("#/patient", new DateOnly(2026, 11, 28)).Select(f => $"{f.Pointer} {f.Code}"))
            .ShouldBe(fault);

    [Fact]
    public void The_birth_place_is_one_of_its_traits() =>
        (Person with { BirthPlaceCode = null, Ins = new CaseIns("279035121518989", "1.2.250.1.213.1.4.8", "qualified") })
            .Faults("#/patient", new DateOnly(2026, 11, 28)).ShouldHaveSingleItem().Pointer.ShouldBe("#/patient/birthPlaceCode");
}
