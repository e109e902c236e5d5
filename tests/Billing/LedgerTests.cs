using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class LedgerTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private static readonly Guid Physician = Guid.Parse("11111111-1111-7111-8111-111111111111");

    [Fact]
    public async Task A_delivered_opinion_is_owed_by_the_insurer_and_due_to_the_physician_once()
    {
        var caseId = await Reserved("A1");
        var delivered = Delivered(caseId);
        var messageId = Guid.CreateVersion7();
        await billing.Service.Broker.Publish(delivered, messageId);
        await billing.Service.Broker.Publish(delivered, messageId);
        await billing.Service.Broker.Publish(delivered);
        await billing.Service.Broker.Publish(delivered with { Version = 2 });

        var booked = await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        booked.ReceivableCents.ShouldBe(295_00);
        booked.PayableCents.ShouldBe(120_00);
        booked.InsurerId.ShouldBe(BillingFixture.InsurerId);
        await Eventually.True(
            async () => await billing.Scalar<int>("select count(*) from inbox where consumer = 'BookDeliveredOpinion'") >= 3, "every message was taken");

        var ledger = await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/ledger/cases/{caseId}");
        ledger.GetProperty("coverageState").GetString().ShouldBe("confirmed");
        (await billing.Scalar<string>("select string_agg(actor_role || ' ' || action || ' ' || object_type, ',') from audit_record where object_id = @Id",
            new { Id = caseId.ToString() })).ShouldBe("ops read ledger", "whoever looks is on record");
        var lines = ledger.GetProperty("transactions").EnumerateArray().ShouldHaveSingleItem().GetProperty("lines").EnumerateArray()
            .ToDictionary(l => l.GetProperty("kind").GetString()!, l => l.GetProperty("amount").GetProperty("amount").GetString());
        lines.ShouldBe(new Dictionary<string, string?> { ["payable"] = "-120.00", ["cost"] = "120.00", ["receivable"] = "295.00", ["revenue"] = "-295.00" },
            ignoreOrder: true);
        billing.Service.Broker.Heard<OpinionBooked>().Count(e => e.CaseId == caseId).ShouldBe(1);
    }

    [Fact]
    public async Task An_insurer_that_pays_by_member_and_month_owes_nothing_for_an_opinion()
    {
        var caseId = await Reserved("M1", BillingFixture.MonthlyAmc);
        await billing.Service.Broker.Publish(Delivered(caseId));
        (await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId)).ReceivableCents.ShouldBe(0);
    }

    [Fact]
    public async Task An_opinion_delivered_before_its_coverage_is_settled_is_booked_when_it_is()
    {
        var caseId = Guid.CreateVersion7();
        await billing.Service.Broker.Publish(Delivered(caseId));
        await Eventually.True(async () => await billing.Scalar<int>("select count(*) from delivered_opinion where case_id = @caseId", new { caseId }) == 1,
            "the delivery is noted");
        await Reserved("A4", birth: "1990-09-10", caseId: caseId);
        (await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId)).ReceivableCents.ShouldBe(295_00);
    }

    [Fact]
    public async Task A_case_that_was_withdrawn_while_its_opinion_was_signed_pays_the_physician_and_bills_nobody()
    {
        await billing.Import(
            BillingFixture.InsurerId, "operation;numero_adherent;date_naissance;rang;lien;contrat;debut\nA;W1;1980-01-02;1;A;OPEN;2022-01-01\n", "delta");
        var caseId = await Reserved("W1");
        await billing.Release(caseId);
        await billing.Service.Broker.Publish(Delivered(caseId));
        var booked = await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        booked.ReceivableCents.ShouldBe(0);
        booked.PayableCents.ShouldBe(120_00);
    }

    [Fact]
    public async Task The_ledger_cannot_be_unbalanced_by_SQL()
    {
        var caseId = await Reserved("M1", BillingFixture.MonthlyAmc);
        await billing.Service.Broker.Publish(Delivered(caseId));
        await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        var account = await billing.Scalar<Guid>("select id from ledger_account limit 1");
        var booked = await billing.Scalar<Guid>("select id from ledger_transaction where case_id = @caseId", new { caseId });
        var parameters = new { Id = Guid.CreateVersion7(), account, booked };

        const string Open = "insert into ledger_transaction (id, business_key, description, booked_at) values (@Id, 'test:' || @Id, 'attempt', now()); ";
        await Refused(Open, parameters, "a transaction without lines");
        await Refused(Open + "insert into ledger_line values (@Id, 1, @account, 100)", parameters, "one line");
        await Refused(Open + "insert into ledger_line values (@Id, 1, @account, 100), (@Id, 2, @account, -99)", parameters, "lines that do not sum to zero");
        await Refused(
            "insert into ledger_line values (@booked, 8, @account, 100), (@booked, 9, @account, -100)", parameters, "lines added to a booked transaction");
        await Refused("update ledger_line set amount_cents = amount_cents * 2 where transaction_id = @booked", parameters, "changed amounts");
        await Refused("delete from ledger_line where transaction_id = @booked", parameters, "deleted lines");
        await Refused("delete from ledger_transaction where id = @booked", parameters, "a deleted transaction");
        await Refused(
            "update ledger_transaction set made_in = pg_current_xact_id() where id = @booked; insert into ledger_line values (@booked, 9, @account, 1)",
            parameters, "a reopened transaction");
        await Refused("truncate ledger_line cascade", parameters, "an emptied ledger");
        await Refused("update ledger_account set name = 'x' where id = @account", parameters, "a renamed account");
        (await billing.Scalar<long>("select coalesce(sum(amount_cents), 0) from ledger_line")).ShouldBe(0);

        // And what balances is taken: the refusals above are the rule's, not of a table that takes nothing.
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync(Open + "insert into ledger_line values (@Id, 1, @account, 100), (@Id, 2, @account, -100)", parameters);
    }

    [Fact]
    public async Task The_ledger_of_an_unknown_case_is_absent_and_only_ops_may_ask()
    {
        (await billing.Ops.GetAsync($"/api/v1/ledger/cases/{Guid.CreateVersion7()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var partner = billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));
        (await partner.GetAsync($"/api/v1/ledger/cases/{Guid.CreateVersion7()}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public void Billing_never_hears_of_a_pathology_or_an_outcome()
    {
        var heard = typeof(Program).Assembly.GetTypes().SelectMany(t => t.GetInterfaces())
            .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandle<>)).Select(i => i.GetGenericArguments()[0]).Distinct().ToList();
        heard.ShouldContain(typeof(OpinionDelivered));
        heard.ShouldNotContain(typeof(CaseOpened));
        heard.ShouldNotContain(typeof(CaseCompleted));
        heard.ShouldNotContain(typeof(OpinionOutcomeRecorded));
        string[] clinical = ["Pathology", "Specialty", "Diagnosis", "Treatment", "Impact", "Establishment"];
        foreach (var property in heard.SelectMany(e => e.GetProperties()))
        {
            clinical.ShouldNotContain(
                word => property.Name.Contains(word, StringComparison.OrdinalIgnoreCase), $"{property.DeclaringType!.Name}.{property.Name}");
        }
    }

    private static OpinionDelivered Delivered(Guid caseId) => new()
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = caseId,
        PhysicianId = Physician,
        Version = 1,
        DeliveredAt = DateTimeOffset.UtcNow,
    };

    private async Task<Guid> Reserved(string member, string amc = BillingFixture.Amc, string birth = "1980-01-02", Guid? caseId = null)
    {
        var id = caseId ?? Guid.CreateVersion7();
        var reply =
            await billing.Client.ReserveAsync(
                new ReserveRequest { CaseId = id.ToString(), Person = BillingFixture.Person(member, birth, amc) }, deadline: BillingFixture.Soon);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        return id;
    }

    private async Task Refused(string sql, object parameters, string what)
    {
        var failure = await Should.ThrowAsync<PostgresException>(() => billing.Service.Data.InTransaction(db => db.ExecuteAsync(sql, parameters)), what);
        failure.SqlState.ShouldBeOneOf(PostgresErrorCodes.CheckViolation, PostgresErrorCodes.InsufficientPrivilege);
    }
}
