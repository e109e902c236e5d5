using System.Globalization;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Tests.Billing;

/// <summary>Each reason not to cover somebody, at the day before, on and after its limit.</summary>
public sealed class DecisionTests
{
    private static readonly Beneficiary Person = new(1, 2, 1, new DateOnly(2026, 3, 1), new DateOnly(2026, 9, 30), 0, 0);
    private static readonly ContractTerms Terms = new(1, new(2026, 1, 1), "x", true, 2, 3, 30, new(2026, 2, 1), new(2026, 12, 31), false, 29500);

    [Theory]
    [InlineData("2026-01-31", "contract_not_valid")]
    [InlineData("2026-02-28", "period_not_started")]
    [InlineData("2026-03-01", "waiting_period")]
    [InlineData("2026-03-30", "waiting_period")]
    [InlineData("2026-03-31", "")]
    [InlineData("2026-09-30", "")]
    [InlineData("2026-10-01", "period_over")]
    [InlineData("2027-01-01", "contract_not_valid")]
    public void Cover_begins_and_ends_with_its_days(string day, string code) =>
        Decision.Decide(Person, Terms, DateOnly.Parse(day, CultureInfo.InvariantCulture)).Code.ShouldBe(code);

    [Theory]
    [InlineData(0, 0, "", 2)]
    [InlineData(1, 1, "", 1)]
    [InlineData(0, 2, "", 2)]
    [InlineData(2, 2, "no_use_left", 0)]
    [InlineData(0, 3, "no_use_left", 0)]
    public void The_smaller_of_both_quotas_counts_and_what_is_left_is_the_persons_own(int personUses, int familyUses, string code, int left)
    {
        var decision = Decision.Decide(Person with { PersonUses = personUses, FamilyUses = familyUses }, Terms, new(2026, 6, 1));
        decision.Code.ShouldBe(code);
        decision.RemainingUses.ShouldBe(left);
    }

    [Fact]
    public void Cover_is_shown_from_the_end_of_the_wait_to_the_earlier_of_both_ends()
    {
        var decision = Decision.Decide(Person, Terms, new(2026, 6, 1));
        decision.From.ShouldBe(new DateOnly(2026, 3, 31));
        decision.To.ShouldBe(new DateOnly(2026, 9, 30));
        Decision.Decide(Person with { To = null }, Terms, new(2026, 6, 1)).To.ShouldBe(new DateOnly(2026, 12, 31));
    }

    [Fact]
    public void A_contract_without_the_service_and_one_without_limits_are_told_apart()
    {
        Decision.Decide(Person, Terms with { ServiceIncluded = false }, new(2026, 6, 1)).Code.ShouldBe("service_not_included");
        Decision.Decide(Person, Terms with { UsesPerPerson = null, UsesPerFamily = null }, new(2026, 6, 1)).RemainingUses.ShouldBe(-1);
        Decision.Decide(null, Terms, new(2026, 6, 1)).Code.ShouldBe("not_recognised");
        Decision.Decide(Person, null, new(2026, 6, 1)).Code.ShouldBe("contract_not_valid");
    }
}
