using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What is sealed is bound to its place, and the place is written one way in every service: what lies in the databases opens under it alone.</summary>
public sealed class SealedPlaceTests
{
    private static readonly Guid Case = Guid.Parse("0199a1b2-0000-7000-8000-000000000001");
    private static readonly Guid Row = Guid.Parse("0199a1b2-0000-7000-8000-000000000002");

    [Fact]
    public void A_place_is_table_column_case_and_row_whoever_seals()
    {
        new SealedPlace("case_file", "sealed_person").In(Case).ShouldBe($"case_file|sealed_person|{Case}");
        new SealedPlace("document", "sealed_name").Of(Row).In(Case).ShouldBe($"document|sealed_name|{Case}|{Row}");
        new SealedPlace("opinion_version", "pdf").Of(2).In(Case).ShouldBe($"opinion_version|pdf|{Case}|2");
    }
}
