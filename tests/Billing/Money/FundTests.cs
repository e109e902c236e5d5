using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Fund;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>Who pays when no insurer does: the solidarity fund, within its budgets.</summary>
public sealed class FundTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private const string Rhone = "69";
    private const string Creuse = "23";
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly int Year = FrenchTime.Day(Now).Year;

    [Fact]
    public async Task A_grant_pays_one_case_of_its_patient_and_the_fund_owes_the_opinion()
    {
        await Budget("desert", 1_000_00, Creuse);
        var patient = Guid.CreateVersion7();
        var grant = await Granted(patient, Creuse);
        grant.GetProperty("amount").GetProperty("amount").GetString().ShouldBe("295.00");

        var check = await billing.Client.CheckAsync(Named(grant, patient), deadline: BillingFixture.Soon);
        check.Covered.ShouldBeTrue(check.RefusalCode);
        check.InsurerName.ShouldBe("Fonds de solidarité");
        (await billing.Client.CheckAsync(Named(grant, Guid.CreateVersion7()), deadline: BillingFixture.Soon)).RefusalCode
            .ShouldBe("grant_unknown", "another account learns nothing");

        var caseId = Guid.CreateVersion7();
        var reply = await Reserve(caseId, grant, patient);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        (await Reserve(caseId, grant, patient)).ShouldBe(reply, "asked again");
        (await Reserve(Guid.CreateVersion7(), grant, patient)).RefusalCode.ShouldBe("grant_used");
        (await billing.Service.Broker.Next<CoverageReserved>(e => e.CaseId == caseId)).InsurerId.ShouldBe(Guid.Empty);
        (await ThisYear()).Class("desert").ShouldBe("held 295.00 spent 0.00 left 705.00");

        var owed = await billing.Balance("fund");
        await billing.Deliver(caseId, Now);
        (await billing.Balance("fund") - owed).ShouldBe(295_00);
        (await ThisYear()).Class("desert").ShouldBe("held 0.00 spent 295.00 left 705.00");
        var booked = await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        (booked.InsurerId, booked.ReceivableCents, booked.PayableCents).ShouldBe((Guid.Empty, 295_00, 120_00));
        (await billing.Scalar<long>("select sum(amount_cents)::bigint from ledger_line")).ShouldBe(0);
    }

    [Fact]
    public async Task A_hundred_requests_at_once_share_the_budget_and_what_is_refused_is_counted()
    {
        await Budget("desert", 7 * 295_00 + 294_99, Creuse);
        var client = billing.Ops;
        var decisions = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => Decide(Guid.CreateVersion7(), Creuse, client: client))));
        decisions.Count(d => State(d) == "granted").ShouldBe(7);
        decisions.Where(d => State(d) == "refused").ShouldAllBe(d => d.GetProperty("refusalCode").GetString() == "budget_spent");
        var year = await ThisYear();
        year.Class("desert").ShouldBe("held 2065.00 spent 0.00 left 294.99");
        year.Count("refused", "budget_spent").ShouldBe(93);
        (await billing.Scalar<long>("select count(*) from fund_decision where state = 'refused' and account is not null"))
            .ShouldBe(0, "of whom it was refused to nothing is kept");

        var beyond = await Should.ThrowAsync<PostgresException>(() => billing.Scalar<int>("update fund_budget set held_cents = held_cents + 29500"));
        beyond.ConstraintName.ShouldBe("fund_never_overdrawn");
    }

    [Fact]
    public async Task Rules_of_the_year_decide_and_each_refusal_says_its_reason()
    {
        await Budget("desert", 10_000_00, Creuse);
        var patient = Guid.CreateVersion7();
        (await Granted(patient, Creuse)).GetProperty("refusalCode").ValueKind.ShouldBe(JsonValueKind.Null);
        Reason(await Decide(patient, Creuse)).ShouldBe("granted_before");
        Reason(await Decide(Guid.CreateVersion7(), Rhone)).ShouldBe("no_budget");
        Reason(await Decide(Guid.CreateVersion7(), Creuse, "long_illness")).ShouldBe("situation_not_admitted");
        // Two at once for one patient are one.
        var twin = Guid.CreateVersion7();
        var both = await Task.WhenAll(Decide(twin, Creuse), Decide(twin, Creuse));
        both.Count(d => State(d) == "granted").ShouldBe(1);
        (await Ask(new { patientId = twin, situation = "ald", department = Creuse, proofSeen = true })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Ask(new { patientId = twin, situation = "no_insurer", department = "00", proofSeen = true })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Ask(new { patientId = twin, situation = "no_insurer", department = Creuse, proofSeen = false })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_withdrawn_case_gives_its_money_back_and_an_opinion_signed_meanwhile_is_owed_by_nobody()
    {
        await Budget("desert", 295_00, Creuse);
        var patient = Guid.CreateVersion7();
        var grant = await Granted(patient, Creuse);
        var caseId = Guid.CreateVersion7();
        (await Reserve(caseId, grant, patient)).Reserved.ShouldBeTrue();
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = Now });
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = Now });
        await billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId);
        (await ThisYear()).Class("desert").ShouldBe("held 0.00 spent 0.00 left 295.00");
        (await Reserve(caseId, grant, patient)).RefusalCode.ShouldBe("case_released");

        var owed = await billing.Balance("fund");
        await billing.Deliver(caseId, Now);
        var booked = await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        (booked.ReceivableCents, booked.PayableCents).ShouldBe((0, 120_00), "the physician has worked");
        (await billing.Balance("fund")).ShouldBe(owed);
        State(await Decide(Guid.CreateVersion7(), Creuse)).ShouldBe("granted", "the money serves somebody else");
    }

    [Fact]
    public async Task A_grant_that_nobody_uses_in_time_gives_its_money_back_once()
    {
        await Budget("desert", 295_00, Creuse);
        var patient = Guid.CreateVersion7();
        var grant = await Granted(patient, Creuse);
        var expire = billing.Service.Services.GetRequiredService<ReturnExpiredGrants>();
        (await expire.Run(Now.AddDays(89), CancellationToken.None)).ShouldBe(0);
        (await Task.WhenAll(expire.Run(Now.AddDays(91), CancellationToken.None), expire.Run(Now.AddDays(91), CancellationToken.None))).Sum().ShouldBe(1);
        (await ThisYear()).Class("desert").ShouldBe("held 0.00 spent 0.00 left 295.00");
        (await Reserve(Guid.CreateVersion7(), grant, patient)).RefusalCode.ShouldBe("grant_over");
        State(await Decide(patient, Creuse)).ShouldBe("granted", "it was never used");
    }

    [Fact]
    public async Task An_erased_case_leads_to_no_account()
    {
        await Budget("desert", 295_00, Creuse);
        var patient = Guid.CreateVersion7();
        var grant = await Granted(patient, Creuse);
        var caseId = Guid.CreateVersion7();
        await Reserve(caseId, grant, patient);
        await billing.Service.Broker.Publish(new CaseErased { CaseId = caseId, Reason = "patient", ErasedAt = Now });
        await billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId);
        await Eventually.True(
            async () => await billing.Scalar<int>("select count(*) from fund_decision where account is not null or code is not null") == 0, "it is forgotten");
    }

    [Fact]
    public async Task A_budget_is_saved_by_version_never_below_what_is_granted_and_no_departement_is_in_two_classes()
    {
        await Budget("desert", 295_00, Creuse);
        await Granted(Guid.CreateVersion7(), Creuse);
        (await Save("desert", 294_99, "v1", Creuse)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Save("desert", 295_00, "v0", Creuse)).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await Save("desert", 590_00, "v1", Creuse)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Save("well_served", 590_00, "v0", Rhone, Creuse)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Save("forest", 590_00, "v0", Rhone)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Save("well_served", 590_00, "v0", "00")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var agent = billing.Service.Http(TestTokens.Of(Roles.Agent));
        (await agent.GetAsync($"/api/v1/fund/years/{Year}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Ask(new { patientId = Guid.CreateVersion7(), situation = "no_insurer", department = Creuse, proofSeen = true }, agent)).StatusCode
            .ShouldBe(HttpStatusCode.Created, "whoever helps at the phone asks the fund");
        var partner = billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));
        (await Ask(new { patientId = Guid.CreateVersion7(), situation = "no_insurer", department = Creuse, proofSeen = true }, partner)).StatusCode
            .ShouldBe(HttpStatusCode.Forbidden, "an insurer never learns who asks");
    }

    [Fact]
    public async Task What_is_contributed_pays_what_the_fund_owes()
    {
        await Budget("desert", 295_00, Creuse);
        var patient = Guid.CreateVersion7();
        var caseId = Guid.CreateVersion7();
        await Reserve(caseId, await Granted(patient, Creuse), patient);
        await billing.Deliver(caseId, Now);
        var owed = await billing.Balance("fund");
        var statement = string.Create(CultureInfo.InvariantCulture, $"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>
            <Stmt><Id>FUND</Id><Acct><Id><IBAN>{new InvoicingOptions().Seller.Iban}</IBAN></Id></Acct>
            <Ntry><Amt Ccy="EUR">200.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{Now:yyyy-MM-dd}</Dt></BookgDt></Ntry>
            </Stmt></BkToCstmrStmt></Document>
            """);
        (await billing.Ops.PostAsync("/api/v1/payments/statements", new StringContent(statement, Encoding.UTF8, "application/xml"))).EnsureSuccessStatusCode();
        var entry = await billing.Scalar<Guid>("select entry_id from suspense where cents = 20000");
        (await Post($"/api/v1/payments/waiting/{entry}/contribution", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Post($"/api/v1/payments/waiting/{entry}/contribution", new { })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Post($"/api/v1/payments/waiting/{Guid.CreateVersion7()}/contribution", new { })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await billing.Balance("fund")).ShouldBe(owed - 200_00);
        (await billing.Balance("suspense")).ShouldBe(0);
    }

    [Fact]
    public async Task No_insurer_has_the_funds_number()
    {
        var address = new { name = "x", street = "x", postCode = "99001", city = "Ville-Fictive" };
        (await Post("/api/v1/insurers", new { amcNumber = "00000001", details = new { name = "x", kind = "mutuelle", invoicingAddress = address } }))
            .StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(295_00, 0, 0)]
    [InlineData(295_00, 2000, 49_17)]
    [InlineData(1, 2000, 0)]
    public void The_tax_within_a_price_is_rounded_half_up(long gross, int rate, long tax) => new VatRule("S", rate, "", "").TaxWithin(gross).ShouldBe(tax);

    private static string? State(JsonElement decision) => decision.GetProperty("state").GetString();

    private static string? Reason(JsonElement decision) => decision.GetProperty("refusalCode").GetString();

    private static CheckRequest Named(JsonElement grant, Guid account) => new()
    {
        AmcNumber = grant.GetProperty("amcNumber").GetString(),
        MemberNumber = grant.GetProperty("memberNumber").GetString(),
        BirthDate = "1980-01-02",
        Account = account.ToString(),
    };

    private async Task<ReserveReply> Reserve(Guid caseId, JsonElement grant, Guid account) => await billing.Client.ReserveAsync(
        new ReserveRequest { CaseId = caseId.ToString(), Person = Named(grant, account) }, deadline: BillingFixture.Soon);

    /// <summary>The only budget there is, and no decision.</summary>
    private async Task Budget(string departmentClass, long cents, params string[] departments)
    {
        await using (var db = await billing.Service.Data.OpenConnectionAsync())
        {
            await db.ExecuteAsync("delete from fund_decision; delete from fund_budget");
        }

        (await Save(departmentClass, cents, "v0", departments)).EnsureSuccessStatusCode();
    }

    private Task<HttpResponseMessage> Save(string departmentClass, long cents, string version, params string[] departments) =>
        billing.Ops.SendAsync(new HttpRequestMessage(HttpMethod.Put, $"/api/v1/fund/budgets/{Year}/{departmentClass}")
        {
            Content = JsonContent.Create(new { budgetCents = cents, situations = new[] { "no_insurer", "public_cover" }, departments }),
            Headers = { { "If-Match", $"\"{version}\"" } },
        });

    private async Task<JsonElement> Granted(Guid patient, string department)
    {
        var decision = await Decide(patient, department);
        State(decision).ShouldBe("granted", decision.ToString());
        var read = await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/fund/decisions/{decision.GetProperty("id").GetGuid()}");
        read.ToString().ShouldBe(decision.ToString());
        return decision;
    }

    private async Task<JsonElement> Decide(Guid patient, string department, string situation = "no_insurer", HttpClient? client = null)
    {
        var answer = await Ask(new { patientId = patient, situation, department, proofSeen = true }, client);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<HttpResponseMessage> Ask(object request, HttpClient? client = null) => Post("/api/v1/fund/decisions", request, client);

    private Task<HttpResponseMessage> Post(string path, object body, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return (client ?? billing.Ops).SendAsync(request);
    }

    private async Task<FundView> ThisYear() => new(await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/fund/years/{Year}"));

    private sealed record FundView(JsonElement Json)
    {
        public string Class(string name)
        {
            var budget = Json.GetProperty("budgets").EnumerateArray().Single(b => b.GetProperty("class").GetString() == name);
            string Amount(string of) => budget.GetProperty(of).GetProperty("amount").GetString()!;
            return $"held {Amount("held")} spent {Amount("spent")} left {Amount("left")}";
        }

        public long Count(string state, string reason) => Json.GetProperty("decisions").EnumerateArray()
            .Where(d => d.GetProperty("state").GetString() == state && d.GetProperty("refusalCode").GetString() == reason)
            .Sum(d => d.GetProperty("count").GetInt64());
    }
}
