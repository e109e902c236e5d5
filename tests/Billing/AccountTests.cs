using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>Opening cases is no oracle: limits follow the person through intake, and an account asks about its own family.</summary>
public sealed class AccountTests(NarrowBilling narrow) : IClassFixture<NarrowBilling>
{
    private readonly BillingFixture _billing = narrow.Billing;

    [Fact]
    public async Task Limits_follow_the_person_whose_question_a_service_passes_on()
    {
        var (somebody, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var answers = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add(await Check(somebody));
        }

        answers.ShouldAllBe(a => a == "" || a == "BIL-0001");
        answers.ShouldContain("BIL-0001");
        (await Check(other)).ShouldBe("", "another person has a limit of their own");
    }

    [Theory]
    [InlineData("patient")]
    [InlineData("agent")]
    [InlineData("physician")]
    public async Task Misses_follow_the_person_too(string role)
    {
        var somebody = Guid.CreateVersion7();
        (await Check(somebody, "NOBODY1", role)).ShouldBe("not_recognised");
        (await Check(somebody, "NOBODY2", role)).ShouldBe("not_recognised");
        (await Check(somebody, "A1", role)).ShouldBe("BIL-0001");
    }

    [Fact]
    public async Task An_account_that_asked_about_two_families_learns_nothing_of_a_third_whoever_asks_for_it()
    {
        var account = Guid.CreateVersion7();
        (await Check(account, "A1")).ShouldBe("");
        (await Check(account, "A2", birth: "1970-05-06")).ShouldBe("service_not_included");
        (await Check(account, "A4", birth: "1990-09-10")).ShouldBe("BIL-0007");
        (await Check(account, "NOBODY1")).ShouldBe("BIL-0007", "known or not, the answer is the same");
        (await Check(account, "A1", birth: "1982-03-04")).ShouldBe("", "the own family");
        (await Check(Guid.CreateVersion7(), "A4", birth: "1990-09-10")).ShouldBe("");
        // By the portal the same account is the same person.
        var portal = _billing.Service.Http(TestTokens.Patient(account));
        var answer = await portal.PostAsJsonAsync("/api/v1/eligibility/check", new
        {
            amcNumber = BillingFixture.Amc,
            memberNumber = "A4",
            birthDate = "1990-09-10"
        });
        ((int)answer.StatusCode).ShouldBe(409);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString().ShouldBe("BIL-0007");
        // Nor does the table tell whose account or which family.
        (await _billing.Scalar<long>("select count(*) from account_family where encode(account, 'hex') like @Account",
            new { Account = $"%{account:N}%" })).ShouldBe(0);
    }

    [Fact]
    public async Task An_account_cannot_burn_the_use_of_a_third_family_through_a_reservation()
    {
        var account = Guid.CreateVersion7();
        (await Check(account, "A1")).ShouldBe("");
        (await Check(account, "A2", birth: "1970-05-06")).ShouldBe("service_not_included");
        var caseId = Guid.CreateVersion7();
        var refused = await Should.ThrowAsync<RpcException>(async () => await _billing.Client.ReserveAsync(
            new ReserveRequest { CaseId = caseId.ToString(), Person = Question(account, "A4", "patient", "1990-09-10") }, deadline: BillingFixture.Soon));
        refused.Trailers.GetValue("error-code").ShouldBe("BIL-0007");
        (await _billing.Scalar<long>("select count(*) from coverage where case_id = @caseId", new { caseId })).ShouldBe(0);
    }

    private static CheckRequest Question(Guid account, string member, string role, string birth)
    {
        var question = BillingFixture.Person(member, birth);
        (question.Subject, question.SubjectRole, question.Account) = (account.ToString(), role, account.ToString());
        return question;
    }

    /// <returns>The refusal's code, or that of the problem; empty when covered.</returns>
    private async Task<string> Check(Guid account, string member = "A1", string role = "patient", string birth = "1980-01-02")
    {
        try
        {
            return (await _billing.Client.CheckAsync(Question(account, member, role, birth), deadline: BillingFixture.Soon)).RefusalCode;
        }
        catch (RpcException refused)
        {
            return refused.Trailers.GetValue("error-code") ?? refused.StatusCode.ToString();
        }
    }
}

/// <summary>Billing with limits that a test reaches.</summary>
public sealed class NarrowBilling : IAsyncLifetime
{
    public BillingFixture Billing { get; } = new();

    public ValueTask InitializeAsync()
    {
        Billing.Settings["Eligibility:Limits:PatientPerMinute"] = "8";
        Billing.Settings["Eligibility:Limits:MissesPerHour"] = "2";
        return Billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => Billing.DisposeAsync();
}
