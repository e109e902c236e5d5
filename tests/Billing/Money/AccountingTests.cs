using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>What an accountant sees: the trial balance and the tax file.</summary>
public sealed class AccountingTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private static readonly int Year = TimeProvider.System.GetUtcNow().Year;

    [Fact]
    public async Task The_trial_balance_is_zero_and_tells_every_kind_of_account()
    {
        await Booked("A1");
        var balance = await billing.Ops.GetFromJsonAsync<JsonElement>("/api/v1/ledger/trial-balance");
        balance.GetProperty("difference").GetProperty("amount").GetString().ShouldBe("0.00");
        balance.GetProperty("debit").ShouldSatisfyAllConditions(d => d.ToString().ShouldBe(balance.GetProperty("credit").ToString()));
        var accounts = balance.GetProperty("accounts").EnumerateArray().ToDictionary(a => a.GetProperty("number").GetString()!);
        accounts.Keys.ShouldBe(["401100", "418100", "622600", "706100"]);
        Cents(accounts["418100"]).ShouldBeGreaterThan(0);
        Cents(accounts["401100"]).ShouldBeLessThan(0);
        accounts.Values.Sum(Cents).ShouldBe(0);
    }

    [Fact]
    public async Task The_tax_file_has_18_columns_a_continuous_sequence_and_balances_entry_by_entry()
    {
        await Booked("A4", "1990-09-10");
        var first = await Fec();
        // Two files at once number the same entries once.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Fec()));
        await Booked("M1", amc: BillingFixture.MonthlyAmc);
        var lines = await Fec();

        lines.Take(first.Length).ShouldBe(first, "what was in a file stays as it was");
        lines.Length.ShouldBeGreaterThan(first.Length);
        lines.ShouldAllBe(l => l.Length == 18);
        var entries = lines.GroupBy(l => int.Parse(l[2], CultureInfo.InvariantCulture)).ToList();
        entries.Select(e => e.Key).ShouldBe(Enumerable.Range(1, entries.Count), "no gap");
        entries.ShouldAllBe(e => e.Sum(l => Amount(l[11])) == e.Sum(l => Amount(l[12])));
        entries.ShouldAllBe(e => e.Select(l => l[3]).Distinct().Count() == 1);
        lines.ShouldAllBe(l => l[3].Length == 8 && l[4].Length == 6 && l[0] == "AV" && l[10] == "Avis médical rendu");
    }

    [Fact]
    public async Task Only_ops_reads_the_books_and_a_year_to_come_has_none()
    {
        (await billing.Ops.GetAsync($"/api/v1/ledger/fec/{Year + 1}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var agent = billing.Service.Http(TestTokens.Of(Roles.Agent));
        (await agent.GetAsync("/api/v1/ledger/trial-balance")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await agent.GetAsync($"/api/v1/ledger/fec/{Year}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public void Every_kind_of_account_has_a_number_of_its_own()
    {
        var numbers = Enum.GetValues<AccountKind>().Select(k => GeneralAccount.Of(k).Number).ToList();
        numbers.Distinct().Count().ShouldBe(numbers.Count);
        Enum.GetValues<Journal>().Select(j => GeneralAccount.Of(j).Code).Distinct().Count().ShouldBe(Enum.GetValues<Journal>().Length);
    }

    private static long Cents(JsonElement account) =>
        (long)(decimal.Parse(account.GetProperty("balance").GetProperty("amount").GetString()!, CultureInfo.InvariantCulture) * 100);

    private static decimal Amount(string text) => decimal.Parse(text, CultureInfo.GetCultureInfo("fr-FR"));

    private async Task<string[][]> Fec()
    {
        var lines = (await billing.Ops.GetStringAsync($"/api/v1/ledger/fec/{Year}")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldBe(ExportFec.Header);
        return [.. lines.Skip(1).Select(l => l.Split('\t'))];
    }

    private async Task Booked(string member, string birth = "1980-01-02", string amc = BillingFixture.Amc)
    {
        var caseId = Guid.CreateVersion7();
        var answer = await billing.Client.ReserveAsync(
            new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person(member, birth, amc) }, deadline: BillingFixture.Soon);
        answer.RefusalCode.ShouldBeEmpty();
        await billing.Service.Broker.Publish(new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = caseId,
            PhysicianId = Guid.CreateVersion7(),
            Version = 1,
            DeliveredAt = TimeProvider.System.GetUtcNow(),
        });
        await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
    }
}
