using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

public sealed class InvoiceTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly DateOnly ThisMonth = FirstOf(FrenchTime.Day(Now));

    [Fact]
    public async Task A_month_is_invoiced_once_and_the_ledger_moves_from_to_be_invoiced_to_invoiced()
    {
        var insurer = await Insurer("99000201", "I1", "I2", "I3");
        foreach (var member in (string[])["I1", "I2", "I3"])
        {
            await billing.Deliver(member, Now, amc: "99000201");
        }

        (await billing.Balance("receivable", insurer)).ShouldBe(3 * 295_00);
        (await Run()).GetProperty("issued").GetInt32().ShouldBeGreaterThan(0);
        (await Run()).GetProperty("issued").GetInt32().ShouldBe(0, "repeated, it finds nothing");

        (await billing.Balance("receivable", insurer)).ShouldBe(0);
        (await billing.Balance("invoiced", insurer)).ShouldBe(3 * 295_00);
        var invoice = (await Invoices(insurer)).ShouldHaveSingleItem();
        invoice.GetProperty("total").GetProperty("amount").GetString().ShouldBe("885.00");
        (await billing.Scalar<int>("select count(*) from invoice_line where invoice_id = @Id", new { Id = invoice.GetProperty("id").GetGuid() })).ShouldBe(3);
    }

    [Fact]
    public async Task Members_are_counted_on_the_first_day_and_invoiced_by_contract_with_VAT()
    {
        var first = ThisMonth.ToString("yyyy-MM-dd", null);
        var insurer = Guid.CreateVersion7();
        await billing.AddInsurer(insurer, "99000202", "Mutuelle Fictive 99000202", "per_member_per_month", 7);
        // Two there all the time, one from that day on, one until it; one too late, one gone before; one whose contract has no second opinion.
        await billing.Import(insurer, BillingFixture.Header
            + "N1;1980-01-02;1;A;;OPEN;2022-01-01;\nN2;1980-01-02;1;A;;OPEN;2022-01-01;\n"
            + $"N3;1980-01-02;1;A;;OPEN;{first};\nN4;1980-01-02;1;A;;CONFORT;2022-01-01;{first}\n"
            + $"N5;1980-01-02;1;A;;OPEN;{ThisMonth.AddDays(1):yyyy-MM-dd};\nN6;1980-01-02;1;A;;OPEN;2022-01-01;{ThisMonth.AddDays(-1):yyyy-MM-dd}\n"
            + "N7;1980-01-02;1;A;;ESSENTIEL;2022-01-01;\n");
        await billing.Deliver("N1", Now, amc: "99000202");
        await Run();
        await Run();

        var invoice = (await Invoices(insurer)).ShouldHaveSingleItem();
        invoice.GetProperty("net").GetProperty("amount").GetString().ShouldBe("0.28", "3 members of OPEN and 1 of CONFORT at 0.07; opinions cost nothing more");
        invoice.GetProperty("vat").GetProperty("amount").GetString().ShouldBe("0.06");
        (await billing.Balance("invoiced", insurer)).ShouldBe(34);
        (await billing.Scalar<string>(
            "select string_agg(contract_code || ' ' || quantity, ', ' order by line) from invoice_line where invoice_id = @Id",
            new { Id = invoice.GetProperty("id").GetGuid() })).ShouldBe("CONFORT 1, OPEN 3");
    }

    [Fact]
    public async Task Numbers_have_no_gap_under_concurrent_runs_and_a_killed_one()
    {
        var insurers = new List<Guid>();
        for (var i = 0; i < 12; i++)
        {
            var amc = $"990003{i:00}";
            insurers.Add(await Insurer(amc, "G1"));
            await billing.Deliver("G1", Now, amc: amc);
        }

        // A run that dies between the number and its invoice: it holds the next number when its connection is cut.
        await using (var db = await billing.Service.Data.OpenConnectionAsync())
        {
            await using var transaction = await db.BeginTransactionAsync();
            await InvoiceStore.NextNumber(db, FrenchTime.Day(Now));
            var runs = Enumerable.Range(0, 4).Select(_ => Run()).ToList();
            await Eventually.True(
                async () => await billing.Scalar<int>(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()") > 0,
                "the others wait for the number");
            await billing.Scalar<bool>("select pg_terminate_backend(@ProcessID)", new { db.ProcessID });
            await Task.WhenAll(runs);
        }

        foreach (var insurer in insurers)
        {
            (await Invoices(insurer)).Count.ShouldBe(1, "concurrent runs invoice it once");
        }

        var numbers = (await Sequences()).ToList();
        numbers.ShouldBe(Enumerable.Range(1, numbers.Count), "continuous from 1");
    }

    [Fact]
    public async Task A_credit_note_takes_lines_back_once_and_the_ledger_follows()
    {
        var insurer = await Insurer("99000204", "C1", "C2");
        await billing.Deliver("C1", Now, amc: "99000204");
        await billing.Deliver("C2", Now, amc: "99000204");
        await Run();
        var invoice = (await Invoices(insurer)).Single().GetProperty("id").GetGuid();

        var note = await Credit(invoice, new { reason = "Avis facturé à tort", lines = (int[])[2] });
        note.StatusCode.ShouldBe(HttpStatusCode.Created);
        var issued = await note.Content.ReadFromJsonAsync<JsonElement>();
        issued.GetProperty("total").GetProperty("amount").GetString().ShouldBe("295.00");
        (await billing.Balance("invoiced", insurer)).ShouldBe(295_00);
        (await Credit(invoice, new { reason = "Encore", lines = (int[])[2] })).StatusCode.ShouldBe(HttpStatusCode.Conflict, "the line was taken back");
        (await Credit(invoice, new { reason = "Encore", lines = (int[])[3] })).StatusCode.ShouldBe(HttpStatusCode.Conflict, "there is no such line");
        (await Credit(invoice, new { reason = " " })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Credit(invoice, new { reason = "Le reste" })).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        (await Run()).GetProperty("issued").GetInt32().ShouldBe(0, "what was taken back is not invoiced again");
        (await Credit(issued.GetProperty("id").GetGuid(), new { reason = "Un avoir" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Sequences()).ShouldBeUnique();
    }

    [Fact]
    public async Task An_insurer_reads_its_own_invoices_and_no_others()
    {
        var insurer = await Insurer("99000205", "R1");
        await billing.Deliver("R1", Now, amc: "99000205");
        await Run();
        var own = billing.Service.Http(TestTokens.Partner(insurer));
        var other = billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId));
        var listed = (await own.GetFromJsonAsync<JsonElement>("/api/v1/invoices")).GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        var id = listed.GetProperty("id").GetGuid();
        (await other.GetFromJsonAsync<JsonElement>("/api/v1/invoices")).GetProperty("items").EnumerateArray()
            .ShouldAllBe(i => i.GetProperty("insurerId").GetGuid() == BillingFixture.MonthlyId);
        foreach (var (format, type) in ((string, string)[])[("pdf", "application/pdf"), ("xml", "application/xml"), ("csv", "text/csv")])
        {
            var answer = await own.GetAsync($"/api/v1/invoices/{id}/{format}");
            answer.EnsureSuccessStatusCode().Content.Headers.ContentType!.MediaType.ShouldBe(type);
            (await other.GetAsync($"/api/v1/invoices/{id}/{format}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        (await own.GetAsync($"/api/v1/invoices/{id}/exe")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await own.PutAsync("/api/v1/invoices/runs/2026-01", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await billing.Service.Http(TestTokens.Of(Roles.Agent)).GetAsync("/api/v1/invoices")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await billing.Ops.PutAsync("/api/v1/invoices/runs/2026-13", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await billing.Ops.PutAsync($"/api/v1/invoices/runs/{ThisMonth.AddMonths(1):yyyy-MM}", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_line_tells_nothing_by_which_an_insurer_could_find_the_person()
    {
        var insurer = await Insurer("99000206", "P1");
        var caseId = await billing.Deliver("P1", Now, amc: "99000206");
        await Run();
        var id = (await Invoices(insurer)).Single().GetProperty("id").GetGuid();
        var own = billing.Service.Http(TestTokens.Partner(insurer));
        var told = await own.GetStringAsync($"/api/v1/invoices/{id}/xml") + await own.GetStringAsync($"/api/v1/invoices/{id}/csv");
        var engagement = await billing.Scalar<string>("select engagement_number from coverage where case_id = @caseId", new { caseId });
        engagement.ShouldNotBeNullOrEmpty();
        told.ShouldNotContain(engagement, Case.Insensitive, "an insurer can ask for the engagement number of any member");
        told.ShouldNotContain(caseId.ToString(), Case.Insensitive);
        told.ShouldNotContain("P1;");
        told.ShouldContain(InvoiceLine.ReferenceOf(caseId));
    }

    [Fact]
    public async Task An_invoice_can_be_neither_changed_nor_made_to_add_up_wrongly_by_SQL()
    {
        var insurer = await Insurer("99000207", "S1");
        await billing.Deliver("S1", Now, amc: "99000207");
        await Run();
        var id = (await Invoices(insurer)).Single().GetProperty("id").GetGuid();
        foreach (var sql in (string[])[
            "update invoice set net_cents = 1 where id = @id", "delete from invoice where id = @id",
            "update invoice_line set quantity = 2 where invoice_id = @id",
            "delete from invoice_vat where invoice_id = @id", "truncate invoice_line cascade",
            """
            insert into invoice (id, year, sequence, number, kind, insurer_id, month, issued_on, due_on, reference, parties, net_cents, vat_cents, gross_cents,
              issued_at)
            select gen_random_uuid(), 1999, 1, '1999-000001', kind, insurer_id, month, issued_on, due_on, 'RF', parties, 100, 0, 100, issued_at
            from invoice where id = @id
            """])
        {
            var failure = await Should.ThrowAsync<PostgresException>(() => billing.Service.Data.InTransaction(db => db.ExecuteAsync(sql, new { id })), sql);
            failure.SqlState.ShouldBeOneOf(PostgresErrorCodes.CheckViolation, PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    private async Task<Guid> Insurer(string amc, params string[] members)
    {
        var insurer = await billing.NewInsurer(amc);
        await billing.Import(insurer, BillingFixture.Roster([.. members.Select(m => $"{m};1980-01-02")]));
        await billing.Service.Services.GetRequiredService<InsurerDirectory>().Refresh();
        return insurer;
    }

    private async Task<JsonElement> Run()
    {
        var answer = await billing.Ops.PutAsync($"/api/v1/invoices/runs/{ThisMonth:yyyy-MM}", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<List<JsonElement>> Invoices(Guid insurer) =>
        [.. (await billing.Service.Http(TestTokens.Partner(insurer)).GetFromJsonAsync<JsonElement>("/api/v1/invoices")).GetProperty("items").EnumerateArray()];

    private async Task<IEnumerable<int>> Sequences()
    {
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        return await db.QueryAsync<int>("select sequence from invoice order by sequence");
    }

    private Task<HttpResponseMessage> Credit(Guid invoice, object request)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/invoices/{invoice}/credit-notes") { Content = JsonContent.Create(request) };
        message.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return billing.Ops.SendAsync(message);
    }
}
