using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Payments;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

public sealed class PaymentTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly DateOnly Today = FrenchTime.Day(Now);
    private static readonly string Month = Today.ToString("yyyy-MM", CultureInfo.InvariantCulture);
    private static int _statements;
    private static int _amc = 99_500_000;

    [Fact]
    public async Task A_payment_with_its_reference_settles_its_invoice_and_a_line_is_taken_once()
    {
        var (insurer, invoice) = await Invoiced(2);
        var line = Credit(590_00, invoice.Reference, "B1");
        var taken = await Import(line);
        taken.GetProperty("settled").GetProperty("amount").GetString().ShouldBe("590.00");
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        // The same line in another statement, and the same statement again.
        (await Import(line)).GetProperty("knownBefore").GetInt32().ShouldBe(1);
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        (await Open(insurer)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_partial_payment_leaves_the_rest_open_and_what_is_doubled_or_too_much_is_an_advance()
    {
        var (insurer, invoice) = await Invoiced(2);
        await Import(Credit(200_00, invoice.Reference, "P1"));
        (await Open(insurer)).ShouldHaveSingleItem().GetProperty("open").GetProperty("amount").GetString().ShouldBe("390.00");

        // The rest and 10 euros; then the whole once more: two lines that say the same without a reference of the bank are two payments.
        (await Import(Credit(400_00, invoice.Reference, "P2"))).GetProperty("beyond").GetProperty("amount").GetString().ShouldBe("10.00");
        await Import(Credit(590_00, invoice.Reference, "") + Credit(590_00, invoice.Reference, ""));
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        (await billing.Balance("advance", insurer)).ShouldBe(-(10_00 + 2 * 590_00));
        (await Receivables(insurer)).GetProperty("advance").GetProperty("amount").GetString().ShouldBe("1190.00");
    }

    [Fact]
    public async Task A_wrong_reference_waits_until_somebody_says_which_invoice_it_is_for()
    {
        var (insurer, invoice) = await Invoiced(1);
        var before = await billing.Balance("suspense");
        var mistyped = invoice.Reference[..^2] + (invoice.Reference.EndsWith("99", StringComparison.Ordinal) ? "98" : "99");
        (await Import(Credit(300_00, mistyped, "W1"))).GetProperty("unmatched").GetInt32().ShouldBe(1);
        (await billing.Balance("suspense")).ShouldBe(before - 300_00);

        var waiting = (await billing.Ops.GetFromJsonAsync<JsonElement>("/api/v1/payments/waiting")).EnumerateArray()
            .Last(w => w.GetProperty("waiting").GetProperty("amount").GetString() == "300.00").GetProperty("id").GetGuid();
        var assigned = await Assign(waiting, invoice.Id);
        (await assigned.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("waiting").GetProperty("amount").GetString()
            .ShouldBe("5.00");
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        (await billing.Balance("suspense")).ShouldBe(before - 5_00);
        (await Assign(waiting, invoice.Id)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "nothing of it is open any more");
        (await Assign(Guid.CreateVersion7(), invoice.Id)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Many_payments_of_one_invoice_at_once_never_settle_more_than_it_is_open_by()
    {
        var (insurer, invoice) = await Invoiced(1);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Import(Credit(100_00, invoice.Reference, $"M{i}"))));
        (await billing.Balance("invoiced", insurer)).ShouldBe(0);
        (await billing.Balance("advance", insurer)).ShouldBe(-(600_00 - 295_00));
        (await billing.Scalar<long>("select sum(cents)::bigint from settlement where invoice_id = @Id", new { invoice.Id })).ShouldBe(295_00);
    }

    [Fact]
    public async Task A_file_that_is_not_whole_or_of_another_account_is_refused_and_leaves_nothing()
    {
        var (insurer, invoice) = await Invoiced(1);
        var good = Credit(295_00, invoice.Reference, "X1");
        (await Send(Statement(good + "<Ntry><Amt Ccy=\"EUR\">1.234</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>"))).StatusCode
            .ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Send(Statement(good.Replace("EUR", "USD", StringComparison.Ordinal)))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Send(Statement(good, iban: "FR1420041010050500013M02606"))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Send("not a statement")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await billing.Balance("invoiced", insurer)).ShouldBe(295_00);
        (await Import(good.Replace("BOOK", "PDNG", StringComparison.Ordinal))).GetProperty("lines").GetInt32().ShouldBe(0, "it comes again when it is booked");
    }

    [Fact]
    public async Task An_order_of_fees_is_paid_when_the_bank_debits_it()
    {
        var physician = Guid.CreateVersion7();
        var payee = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/fees/payees/{physician}")
        {
            Content = JsonContent.Create(
                new { holder = "Dr EXEMPLE", iban = "FR7630006000011234567890189", bic = "", siret = "", street = "", postCode = "", city = "" }),
            Headers = { { "If-Match", "\"v0\"" } },
        };
        (await billing.Ops.SendAsync(payee)).EnsureSuccessStatusCode();
        await Invoiced(3, physician);
        (await billing.Ops.PutAsync($"/api/v1/fees/runs/{Month}", null)).EnsureSuccessStatusCode();
        (await billing.Balance("transit")).ShouldBe(-360_00);
        var order = await billing.Scalar<string>("select message_id from fee_run");
        var debit = $"<Ntry><Amt Ccy=\"EUR\">360.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{Today:yyyy-MM-dd}</Dt></BookgDt>"
            + $"<AcctSvcrRef>D1</AcctSvcrRef><NtryDtls><Btch><PmtInfId>{order}</PmtInfId></Btch></NtryDtls></Ntry>";
        (await Import(debit)).GetProperty("matched").GetInt32().ShouldBe(1);
        (await billing.Balance("transit")).ShouldBe(0);
        (await billing.Scalar<int>("select count(*) from fee where physician_id = @physician and state = 'paid'", new { physician })).ShouldBe(3);
    }

    [Fact]
    public async Task Late_invoices_are_shown_by_age_and_reminded_three_times_one_level_a_day()
    {
        var (insurer, invoice) = await Invoiced(1);
        var due = Today.AddDays(30);
        var remind = billing.Service.Services.GetRequiredService<Remind>();
        await remind.Run(due.AddDays(7), CancellationToken.None);
        (await Reminders(invoice.Id)).ShouldBeEmpty();
        await remind.Run(due.AddDays(8), CancellationToken.None);
        await remind.Run(due.AddDays(8), CancellationToken.None);
        (await Reminders(invoice.Id)).ShouldBe([1]);
        // Nobody looked for months: one level a day all the same.
        await remind.Run(due.AddDays(100), CancellationToken.None);
        await remind.Run(due.AddDays(100), CancellationToken.None);
        (await Reminders(invoice.Id)).ShouldBe([1, 2]);
        await remind.Run(due.AddDays(101), CancellationToken.None);
        await remind.Run(due.AddDays(102), CancellationToken.None);
        (await Reminders(invoice.Id)).ShouldBe([1, 2, 3]);
        var own = await Receivables(insurer);
        own.GetProperty("notDue").GetProperty("amount").GetString().ShouldBe("295.00");
        own.GetProperty("invoices")[0].GetProperty("reminders").GetInt32().ShouldBe(3);
        (await billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId)).GetStringAsync("/api/v1/payments/receivables"))
            .ShouldNotContain(insurer.ToString());
    }

    private static string Credit(long cents, string reference, string bankReference)
    {
        var known = bankReference.Length > 0 ? $"<AcctSvcrRef>{bankReference}-{reference}</AcctSvcrRef>" : "";
        return string.Create(CultureInfo.InvariantCulture, $"<Ntry><Amt Ccy=\"EUR\">{cents / 100m:0.00}</Amt><CdtDbtInd>CRDT</CdtDbtInd>")
            + $"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{Today:yyyy-MM-dd}</Dt></BookgDt>{known}<NtryDtls><TxDtls>"
            + $"<RmtInf><Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>";
    }

    private static string Statement(string entries, string? iban = null) => $"""
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>
        <Stmt><Id>S{Interlocked.Increment(ref _statements)}</Id><Acct><Id><IBAN>{iban ?? new InvoicingOptions().Seller.Iban}</IBAN></Id></Acct>{entries}</Stmt>
        </BkToCstmrStmt></Document>
        """;

    private async Task<(Guid Insurer, (Guid Id, string Reference) Invoice)> Invoiced(int opinions, Guid? physician = null)
    {
        var amc = Interlocked.Increment(ref _amc).ToString(CultureInfo.InvariantCulture);
        var insurer = await billing.NewInsurer(amc);
        await billing.Import(insurer, BillingFixture.Roster("Y1;1980-01-02"));
        for (var i = 0; i < opinions; i++)
        {
            await billing.Deliver("Y1", Now, amc: amc, physician: physician);
        }

        (await billing.Ops.PutAsync($"/api/v1/invoices/runs/{Month}", null)).EnsureSuccessStatusCode();
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        return (insurer, await db.QuerySingleAsync<(Guid, string)>("select id, reference from invoice where insurer_id = @insurer", new { insurer }));
    }

    private async Task<JsonElement> Import(string entries)
    {
        var answer = await Send(Statement(entries));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<HttpResponseMessage> Send(string xml) =>
        billing.Ops.PostAsync("/api/v1/payments/statements", new StringContent(xml, Encoding.UTF8, "application/xml"));

    private Task<HttpResponseMessage> Assign(Guid entry, Guid invoiceId)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/payments/waiting/{entry}/assignment")
        {
            Content = JsonContent.Create(new { invoiceId }),
        };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return billing.Ops.SendAsync(request);
    }

    private async Task<JsonElement> Receivables(Guid insurer) =>
        (await billing.Service.Http(TestTokens.Partner(insurer)).GetFromJsonAsync<JsonElement>("/api/v1/payments/receivables"))
            .GetProperty("insurers").EnumerateArray().Single();

    private async Task<List<JsonElement>> Open(Guid insurer)
    {
        var mine = (await billing.Service.Http(TestTokens.Partner(insurer)).GetFromJsonAsync<JsonElement>("/api/v1/payments/receivables"))
            .GetProperty("insurers").EnumerateArray().ToList();
        return [.. mine.SelectMany(m => m.GetProperty("invoices").EnumerateArray())];
    }

    private async Task<List<short>> Reminders(Guid id)
    {
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        return (await db.QueryAsync<short>("select level from reminder where invoice_id = @id order by level", new { id })).AsList();
    }
}
