using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Billing.Payments;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Webhooks;

/// <summary>What insurers are told, and what they cannot learn from it.</summary>
public sealed class PartnerEventTests
{
    [Fact]
    public async Task Rosters_and_invoices_are_told_as_they_happen_and_each_once()
    {
        await using var system = await WebhookSystem.Start();
        var billing = system.Billing;
        await Eventually.True(async () => (await system.Events("roster.imported")).Count == 1, "the first roster is told");
        (await system.Events("roster.imported")).Single().GetProperty("data").ToString().ShouldBe("""{"rosterVersion":1,"accepted":5,"rejected":0}""");
        await billing.Import(BillingFixture.InsurerId, "nonsense\n", expected: "refused");
        await Eventually.True(async () => (await system.Events("roster.refused")).Count == 1, "the refusal is told");

        await billing.Deliver("A1", system.Time.GetUtcNow());
        var today = FrenchTime.Day(system.Time.GetUtcNow());
        var month = new DateOnly(today.Year, today.Month, 1);
        (await billing.Service.Services.GetRequiredService<IssueInvoices>().Run(month, CancellationToken.None)).ShouldBe(2, "the other insurer has one, too");
        (await billing.Service.Services.GetRequiredService<IssueInvoices>().Run(month, CancellationToken.None)).ShouldBe(0);
        await Eventually.True(async () => (await system.Events("invoice.issued")).Count == 1, "the invoice is told");
        var issued = (await system.Events("invoice.issued")).Single();
        var invoice = issued.GetProperty("data").GetProperty("invoiceId").GetGuid();
        issued.GetProperty("subject").GetGuid().ShouldBe(invoice);
        issued.GetProperty("data").GetProperty("total").GetProperty("amount").GetString().ShouldBe("295.00");
        issued.GetProperty("data").GetProperty("month").GetString().ShouldBe(month.ToString("yyyy-MM", CultureInfo.InvariantCulture));

        await Pay(billing, invoice, 100_00);
        await Pay(billing, invoice, 195_00);
        using var credited = await system.Post($"/api/v1/invoices/{invoice}/credit-notes", new { reason = "Essai" }, billing.Ops);
        credited.EnsureSuccessStatusCode();
        await Eventually.True(async () => (await system.Events("invoice.credited")).Count == 1, "the credit note is told");
        var of = (await Task.WhenAll(system.Events("invoice.issued"), system.Events("invoice.paid"), system.Events("invoice.credited")))
            .Select(e => e.Single()).ToList();
        of.Select(e => e.GetProperty("subject").GetGuid()).Distinct().ShouldHaveSingleItem("one subject: they come in this order");
    }

    [Fact]
    public async Task Covers_are_told_the_day_after_in_elevens_of_one_contract_and_lead_to_no_case_person_or_moment()
    {
        await using var system = await WebhookSystem.Start();
        var billing = system.Billing;
        await billing.Import(BillingFixture.InsurerId, BillingFixture.Header
            + string.Concat(Enumerable.Range(1, 25).Select(i => $"P{i};1980-01-02;1;A;;OPEN;2022-01-01;\n"))
            + string.Concat(Enumerable.Range(1, 10).Select(i => $"Q{i};1980-01-02;1;A;;CONFORT;2022-01-01;\n")));
        var cases = new List<Guid>();
        for (var i = 1; i <= 10; i++)
        {
            cases.Add(await Reserve(billing, $"P{i}"));
            await Reserve(billing, $"Q{i}");
        }

        var tell = billing.Service.Services.GetRequiredService<TellEvents>();
        system.Time.Advance(TimeSpan.FromDays(1));
        await Told(tell);
        (await system.Events("coverage.reserved")).ShouldBeEmpty("ten of each");

        // An eleventh of one; those of the small contract stay few, however many uses they have.
        cases.Add(await Reserve(billing, "P11"));
        cases.Add(await Reserve(billing, "P12"));
        await Reserve(billing, "Q1");
        await Told(tell);
        (await system.Events("coverage.reserved")).ShouldBeEmpty("not on the day itself");
        system.Time.Advance(TimeSpan.FromDays(1));
        await Told(tell);
        var told = await system.Events("coverage.reserved");
        told.Count.ShouldBe(11);
        told.ShouldAllBe(e => e.GetProperty("data").ToString() == """{"contractCode":"OPEN"}""");
        told.ShouldAllBe(e => e.GetProperty("timestamp").GetDateTimeOffset() > system.Time.GetUtcNow().AddHours(-1));
        var all = string.Concat(told);
        cases.ShouldAllBe(c => !all.Contains(c.ToString()));
        told.ShouldAllBe(e => e.GetProperty("id").GetGuid().Version == 4, "an id that is made of the time would tell it");
        (await billing.Scalar<long>("select count(*) from coverage where engagement_number <> '' and position(engagement_number in @all) > 0", new { all }))
            .ShouldBe(0, "the insurer can ask for a member's engagement number, and would find who it was");

        // Given back by eleven of them; the one of whom no reservation was told is told of neither way.
        foreach (var given in cases)
        {
            (await billing.Release(given)).ShouldBeTrue();
        }

        system.Time.Advance(TimeSpan.FromDays(1));
        await Told(tell);
        (await system.Events("coverage.released")).Select(e => e.GetProperty("subject").GetGuid())
            .ShouldBe(told.Select(e => e.GetProperty("subject").GetGuid()), ignoreOrder: true);
    }

    [Fact]
    public async Task A_reader_by_cursor_misses_nothing_that_slow_transactions_commit_late_and_sees_nothing_twice()
    {
        await using var system = await WebhookSystem.Start();
        var done = 0;
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                await system.Billing.Service.Data.InTransaction(async db =>
                {
                    await PartnerEvent.Write(db, BillingFixture.InsurerId, PartnerEventType.InvoicePaid, Guid.NewGuid(), new(), system.Time.GetUtcNow());
                    await db.ExecuteAsync("select pg_sleep(random() * 0.02 * @writer)", new { writer });
                });
            }

            Interlocked.Increment(ref done);
        })).ToList();

        var (seen, after) = (new List<Guid>(), "");
        await Eventually.True(async () =>
        {
            var page = await system.Partner.GetFromJsonAsync<JsonElement>($"/api/v1/events?type=invoice.paid&limit=7{after}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("id").GetGuid()));
            if (page.GetProperty("next").GetString() is { } next)
            {
                after = $"&after={next}";
            }

            return done == 8 && seen.Count >= 320;
        }, "all were read");
        await Task.WhenAll(writers);
        seen.Count.ShouldBe(320);
        seen.Distinct().Count().ShouldBe(320);

        // Another insurer's events are not there, and its cursor is not taken.
        var other = system.Billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId));
        (await other.GetFromJsonAsync<JsonElement>("/api/v1/events?type=invoice.paid")).GetProperty("items").GetArrayLength().ShouldBe(0);
        using var foreign = await other.GetAsync($"/api/v1/events?type=invoice.paid{after}");
        foreign.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var unknown = await other.GetAsync("/api/v1/events?type=case.opened");
        unknown.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Opinions_of_a_month_are_told_once_it_is_over_as_a_count_that_singles_out_nobody()
    {
        await using var system = await WebhookSystem.Start();
        var billing = system.Billing;
        await billing.Import(BillingFixture.InsurerId, BillingFixture.Header
            + string.Concat(Enumerable.Range(1, 25).Select(i => $"P{i};1980-01-02;1;A;;OPEN;2022-01-01;\n")));
        var today = FrenchTime.Day(system.Time.GetUtcNow());
        for (var i = 1; i <= 13; i++)
        {
            await billing.Deliver($"P{i}", system.Time.GetUtcNow());
        }

        var count = billing.Service.Services.GetRequiredService<CountOpinions>();
        var next = new DateOnly(today.Year, today.Month, 1).AddMonths(1);
        system.Time.Advance(TimeSpan.FromDays(next.DayNumber + 1 - today.DayNumber));
        await count.Run(CancellationToken.None);
        await count.Run(CancellationToken.None);
        var month = $"\"month\":\"{today:yyyy-MM}\"";
        await Eventually.True(async () => (await system.Events("opinions.counted")).Any(e => e.ToString().Contains(month)), "the month is told");
        (await system.Events("opinions.counted")).Where(e => e.ToString().Contains(month)).ShouldHaveSingleItem()
            .GetProperty("data").GetProperty("opinions").GetString().ShouldBe("11");
    }

    private static async Task Told(TellEvents tell) => await Eventually.True(async () => await tell.Run(CancellationToken.None) == 0, "all is told");

    private static async Task<Guid> Reserve(BillingFixture billing, string member)
    {
        var caseId = Guid.CreateVersion7();
        var reply = await billing.Client.ReserveAsync(
            new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person(member) }, deadline: BillingFixture.Soon);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        return caseId;
    }

    private static Task Pay(BillingFixture billing, Guid invoice, long cents) => billing.Service.Data.InTransaction(async db =>
    {
        var (statement, entry, now) = (Guid.CreateVersion7(), Guid.CreateVersion7(), TimeProvider.System.GetUtcNow());
        await db.ExecuteAsync(
            """
            insert into bank_statement (id, iban, statement_id, imported_at) values (@statement, 'FR', @Name, @now);
            insert into bank_entry (id, statement_id, iban, entry_key, cents, booked_on) values (@entry, @statement, 'FR', @Name, @cents, current_date)
            """, new { statement, entry, now, cents, Name = entry.ToString() });
        var open = (await PlacePayment.Find(db, invoice, []))!;
        await PlacePayment.On(db, open, entry, cents, new("test", null, "Test", SecondOpinion.Billing.Ledger.Journal.Bank), now);
    });
}
