using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Fees;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

public sealed class FeeTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly string Month = FrenchTime.Day(Now).ToString("yyyy-MM", CultureInfo.InvariantCulture);
    private static readonly XNamespace Pain = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

    private static int _amc = 99_400_000;

    [Fact]
    public async Task Fees_are_ordered_once_in_one_transfer_a_physician_and_leave_the_physicians_account()
    {
        var physician = await Physician();
        await Deliver(physician, 3);
        (await billing.Balance("payable", physician)).ShouldBe(-360_00);

        // Two runs at once order it once.
        var runs = await Task.WhenAll(Run(), Run());
        runs.Sum(r => r.GetProperty("ordered").GetInt32()).ShouldBe(1);
        (await Run()).GetProperty("ordered").GetInt32().ShouldBe(0);

        (await billing.Balance("payable", physician)).ShouldBe(0);
        var order = XDocument.Parse(await File(await LastRun()));
        var transfer = order.Descendants(Pain + "CdtTrfTxInf").ShouldHaveSingleItem();
        transfer.Descendants(Pain + "InstdAmt").Single().Value.ShouldBe("360.00");
        order.Descendants(Pain + "CtrlSum").Select(s => s.Value).ShouldAllBe(s => s == "360.00");
        order.Descendants(Pain + "NbOfTxs").Select(s => s.Value).ShouldAllBe(s => s == "1");
        transfer.Descendants(Pain + "Nm").Single().Value.ShouldBe("Dr Elodie d'Exemple-Noel", "letters that every bank takes");
    }

    [Fact]
    public async Task A_physicians_year_says_what_is_earned_and_ordered_and_is_that_physicians_alone()
    {
        var physician = await Physician();
        await Deliver(physician, 2);
        await Run();
        await Deliver(physician, 1);
        var month = (await Statement(physician)).Months.ShouldHaveSingleItem();
        (month.Month, month.Opinions, month.EarnedCents, month.OrderedCents, month.PaidCents)
            .ShouldBe((FrenchTime.Day(Now).Month, 3, 360_00, 240_00, 0));
        // Nothing is left due for the runs of the other tests.
        await Run();
        (await Statement(physician)).Months.ShouldHaveSingleItem().OrderedCents.ShouldBe(360_00);
        (await Statement(Guid.CreateVersion7())).Months.ShouldBeEmpty();
        (await Statement(physician, -1)).Months.ShouldBeEmpty();

        async Task<StatementReply> Statement(Guid of, int years = 0) =>
            await new SecondOpinion.Contracts.Billing.V1.Fees.FeesClient(billing.Service.Grpc(TestTokens.Service("physician"))).StatementAsync(
                new StatementRequest { PhysicianId = of.ToString(), Year = FrenchTime.Day(Now).Year + years }, deadline: BillingFixture.Soon);
    }

    [Fact]
    public async Task What_the_bank_rejects_is_due_again_and_not_tried_on_the_same_account()
    {
        var physician = await Physician();
        await Deliver(physician, 1);
        await Run();
        var runId = await LastRun();
        var order = XDocument.Parse(await File(runId));
        var (messageId, endToEndId) = (order.Descendants(Pain + "MsgId").Single().Value, order.Descendants(Pain + "EndToEndId").Single().Value);

        (await Report(messageId, endToEndId)).GetProperty("rejected").GetInt32().ShouldBe(1);
        (await Report(messageId, endToEndId)).GetProperty("rejected").GetInt32().ShouldBe(0, "the same report again");
        (await billing.Balance("payable", physician)).ShouldBe(-120_00);
        var again = await Run();
        again.GetProperty("ordered").GetInt32().ShouldBe(0, "the account was rejected");
        again.GetProperty("withoutAccount").GetInt32().ShouldBeGreaterThan(0);

        await SavePayee(physician, "v1");
        (await Run()).GetProperty("ordered").GetInt32().ShouldBe(1);
        (await billing.Balance("payable", physician)).ShouldBe(0);
        (await Report("HO-unknown", endToEndId, HttpStatusCode.NotFound)).ValueKind.ShouldBe(JsonValueKind.Object);
    }

    [Fact]
    public async Task An_order_that_the_bank_rejects_whole_makes_every_fee_due_again()
    {
        var physician = await Physician();
        await Deliver(physician, 2);
        await Run();
        var messageId = XDocument.Parse(await File(await LastRun())).Descendants(Pain + "MsgId").Single().Value;
        var report = $"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>1</MsgId></GrpHdr>
            <OrgnlGrpInfAndSts><OrgnlMsgId>{messageId}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>
            """;
        (await Send(report)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await billing.Balance("payable", physician)).ShouldBe(-240_00);
        (await billing.Scalar<int>("select count(*) from fee where physician_id = @physician and state = 'due'", new { physician })).ShouldBe(2);
    }

    [Fact]
    public async Task A_fee_can_be_cancelled_while_it_is_due_and_not_once_it_was_ordered()
    {
        var physician = await Physician();
        var cases = await Deliver(physician, 2);
        (await Cancel(cases[0])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await Cancel(cases[0])).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await billing.Balance("payable", physician)).ShouldBe(-120_00);
        await Run();
        (await Cancel(cases[1])).StatusCode.ShouldBe(HttpStatusCode.Conflict, "the bank was asked for it");
        (await Cancel(Guid.CreateVersion7())).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var statement = await billing.Ops.GetAsync($"/api/v1/fees/statements/{physician}/{Month}");
        using var pdf = ReadPdf.Of(await statement.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
        pdf.MustBeSound();
        pdf.Text.ShouldContain("annulé");
        pdf.Text.ShouldContain("virement demandé pour le");
        pdf.Text.ShouldContain(InvoiceLine.ReferenceOf(cases[1]));
    }

    [Fact]
    public async Task The_yearly_list_names_who_was_paid_from_the_threshold_on()
    {
        var (much, little) = (await Physician("99001", "Dr Marc MODÈLE;=1"), await Physician("99002"));
        await Deliver(much, 20);
        await Deliver(little, 19);
        await Run();
        var year = await billing.Scalar<int>("select extract(year from execution_on)::int from fee_run order by id desc limit 1");
        var rows = (await billing.Ops.GetStringAsync($"/api/v1/fees/das2/{year}")).TrimStart('\uFEFF').Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        rows[0].ShouldBe(ShowFees.Das2Header);
        rows.Skip(1).ShouldHaveSingleItem().ShouldBe($"{year};;Dr Marc MODÈLE =1;1 rue de l'Exemple;99001;Ville-Fictive;2400,00;20");
    }

    [Fact]
    public async Task Accounts_are_checked_kept_in_versions_and_shown_masked()
    {
        var physician = Guid.CreateVersion7();
        (await Put(physician, "v0", iban: "FR7630006000011234567890180")).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "mod 97");
        var saved = await Put(physician, "v0");
        saved.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await saved.Content.ReadAsStringAsync()).ShouldNotContain("30006000011234567890189");
        (await Put(physician, "v0")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await Put(physician, "v1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var agent = billing.Service.Http(TestTokens.Of(Roles.Agent));
        (await agent.PutAsync($"/api/v1/fees/runs/{Month}", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Send("<a><!DOCTYPE")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Send("<!DOCTYPE a [<!ENTITY x 'y'>]><a><CstmrPmtStsRpt>&x;</CstmrPmtStsRpt></a>")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public void The_order_for_the_bank_is_the_one_that_the_schema_judged() => Golden.Is("honoraires.pain.001.xml", CreditTransferFile.Write(
        "HO202610-0123456789ABCDEF0123", new DateTimeOffset(2026, 11, 5, 5, 0, 0, TimeSpan.Zero), new DateOnly(2026, 11, 6),
        new SellerOptions { Siret = "99000000800018", Iban = "FR7630006000011234567890189" },
        [
            new(
                "T202610-0123456789ABCDEF0001", 120_00, "Dr Élodie d’Exemple-Noël", "FR1420041010050500013M02606", "FICTFRPPXXX",
                "Honoraires 10/2026, 1 avis"),
            new("T202610-0123456789ABCDEF0002", 840_00, "SELARL Modèle & Associés", "FR7630006000011234567890189", "", "Honoraires 10/2026, 7 avis"),
        ]));

    [Theory]
    [InlineData("Élodie d’Exemple-Noël", "Elodie d'Exemple-Noel")]
    [InlineData("Œuvre & Cie – 10 €", "OEuvre + Cie - 10 EUR")]
    [InlineData("//a//b/", "a/b")]
    [InlineData("中 x\n<y>", "x y")]
    public void Text_keeps_to_the_letters_that_every_bank_takes(string written, string sent)
    {
        SepaText.Of(written, 70).ShouldBe(sent);
        SepaText.Of(written, 3).Length.ShouldBeLessThanOrEqualTo(3);
    }

    private static Guid NewPhysician() => Guid.CreateVersion7();

    private async Task<Guid> Physician(string postCode = "99001", string holder = "Dr Élodie d’Exemple-Noël")
    {
        var physician = NewPhysician();
        (await Put(physician, "v0", holder, postCode: postCode)).EnsureSuccessStatusCode();
        return physician;
    }

    private async Task SavePayee(Guid physician, string version) => (await Put(physician, version)).EnsureSuccessStatusCode();

    private Task<HttpResponseMessage> Put(
        Guid physician, string version, string holder = "Dr Élodie d’Exemple-Noël", string iban = "FR76 3000 6000 0112 3456 7890 189",
        string postCode = "99001")
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/fees/payees/{physician}")
        {
            Content = JsonContent.Create(new { holder, iban, bic = "", siret = "", street = "1 rue de l'Exemple", postCode, city = "Ville-Fictive" }),
            Headers = { { "If-Match", $"\"{version}\"" } },
        };
        return billing.Ops.SendAsync(request);
    }

    private async Task<List<Guid>> Deliver(Guid physician, int opinions)
    {
        var amc = Interlocked.Increment(ref _amc).ToString(CultureInfo.InvariantCulture);
        var insurer = await billing.NewInsurer(amc);
        await billing.Import(insurer, BillingFixture.Roster("F1;1980-01-02"));
        var cases = new List<Guid>();
        for (var i = 0; i < opinions; i++)
        {
            cases.Add(await billing.Deliver("F1", Now, amc: amc, physician: physician));
        }

        return cases;
    }

    private async Task<JsonElement> Run()
    {
        var answer = await billing.Ops.PutAsync($"/api/v1/fees/runs/{Month}", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<Guid> LastRun() => billing.Scalar<Guid>("select id from fee_run order by id desc limit 1");

    private async Task<string> File(Guid runId) => await billing.Ops.GetStringAsync($"/api/v1/fees/runs/{runId}/file");

    private async Task<JsonElement> Report(string messageId, string endToEndId, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var answer = await Send($"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
            <GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-06T10:00:00Z</CreDtTm></GrpHdr>
            <OrgnlGrpInfAndSts><OrgnlMsgId>{messageId}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
            <OrgnlPmtInfAndSts><OrgnlPmtInfId>{messageId}</OrgnlPmtInfId>
            <TxInfAndSts><OrgnlEndToEndId>{endToEndId}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>
            </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>
            """);
        answer.StatusCode.ShouldBe(expected);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<HttpResponseMessage> Send(string xml) =>
        billing.Ops.PostAsync("/api/v1/fees/status-reports", new StringContent(xml, Encoding.UTF8, "application/xml"));

    private Task<HttpResponseMessage> Cancel(Guid caseId)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/fees/{caseId}/cancellation") { Content = JsonContent.Create(new { }) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return billing.Ops.SendAsync(request);
    }
}
