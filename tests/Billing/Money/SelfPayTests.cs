using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>A patient whom nobody covers pays by transfer, and gets back what no opinion used.</summary>
public sealed class SelfPayTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private const string Iban = "FR7630006000011234567890189";
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly XNamespace Pain = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

    private static int _statements;

    [Fact]
    public async Task A_transfer_in_two_parts_pays_one_case_of_its_patient()
    {
        var patient = Guid.CreateVersion7();
        var payment = await Order(patient);
        payment.GetProperty("amount").GetProperty("amount").GetString().ShouldBe("295.00");
        payment.GetProperty("iban").GetString().ShouldBe(new InvoicingOptions().Seller.Iban);
        CreditorReference.Holds(Text(payment, "reference")).ShouldBeTrue();
        (await Check(payment, patient)).RefusalCode.ShouldBe("payment_awaited");

        await Transfer(payment, 100_00);
        (await Check(payment, patient)).RefusalCode.ShouldBe("payment_awaited", "not whole");
        await Transfer(payment, 195_00);
        (await Check(payment, patient)).Covered.ShouldBeTrue();
        (await Check(payment, Guid.CreateVersion7())).RefusalCode.ShouldBe("payment_unknown", "another account learns nothing");
        (await billing.Balance("patient", Id(payment))).ShouldBe(-295_00);

        var caseId = Guid.CreateVersion7();
        var reply = await Reserve(caseId, payment, patient);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        (await Reserve(caseId, payment, patient)).ShouldBe(reply, "asked again");
        (await Reserve(Guid.CreateVersion7(), payment, patient)).RefusalCode.ShouldBe("payment_used");
        await billing.Deliver(caseId, Now);
        (await billing.Balance("patient", Id(payment))).ShouldBe(0);
        var booked = await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId);
        (booked.InsurerId, booked.ReceivableCents).ShouldBe((Guid.Empty, 295_00));
        State(await Read(payment)).ShouldBe("consumed");
        (await Cancel(payment)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "the opinion is delivered");
    }

    [Fact]
    public async Task What_is_paid_twice_or_beyond_waits_for_somebody_to_place_it()
    {
        var payment = await Order(Guid.CreateVersion7());
        await Transfer(payment, 300_00);
        (await billing.Scalar<long>("select sum(cents)::bigint from suspense")).ShouldBe(5_00);
        await Transfer(payment, 295_00);
        (await billing.Scalar<long>("select sum(cents)::bigint from suspense")).ShouldBe(300_00);
        (await billing.Balance("patient", Id(payment))).ShouldBe(-295_00);
        (await billing.Scalar<long>("select sum(amount_cents)::bigint from ledger_line")).ShouldBe(0);
    }

    [Fact]
    public async Task A_withdrawn_case_is_paid_back_whole_and_a_rejected_refund_is_due_again()
    {
        var (patient, caseId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var payment = await Order(patient);
        await Transfer(payment, 295_00);
        (await Reserve(caseId, payment, patient)).Reserved.ShouldBeTrue();
        (await Refund(payment)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "a case uses it");
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = Now });
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = Now });
        await billing.Service.Broker.Next<CoverageReleased>(e => e.CaseId == caseId);
        (await Reserve(caseId, payment, patient)).RefusalCode.ShouldBe("case_released");
        (await billing.Ops.GetStringAsync("/api/v1/self-payments/refunds")).ShouldContain(Id(payment).ToString());

        (await Refund(payment, iban: "FR7630006000011234567890180")).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "mod 97");
        (await Refund(payment)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Refund(payment)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "once");
        (await billing.Balance("patient", Id(payment))).ShouldBe(0);
        var first = await File(payment);
        first.Descendants(Pain + "InstdAmt").Single().Value.ShouldBe("295.00");
        first.Descendants(Pain + "IBAN").Select(i => i.Value).ShouldContain(Iban);

        (await Reject(first)).GetProperty("rejected").GetInt32().ShouldBe(1);
        (await Reject(first)).GetProperty("rejected").GetInt32().ShouldBe(0, "the same report again");
        (await billing.Balance("patient", Id(payment))).ShouldBe(-295_00);
        (await Refund(payment)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var second = await File(payment);
        MessageId(second).ShouldNotBe(MessageId(first));
        var debit = Entry(295_00, "DBIT", $"<Btch><PmtInfId>{MessageId(second)}</PmtInfId></Btch>");
        (await Import(debit)).GetProperty("matched").GetInt32().ShouldBe(1);
        (await billing.Balance("transit")).ShouldBe(0);
        State(await Read(payment)).ShouldBe("refunded");

        var sold = await billing.Balance("revenue");
        await billing.Deliver(caseId, Now);
        (await billing.Service.Broker.Next<OpinionBooked>(e => e.CaseId == caseId)).ReceivableCents.ShouldBe(0, "signed meanwhile: the physician has worked");
        (await billing.Balance("revenue")).ShouldBe(sold);
    }

    [Fact]
    public async Task What_no_case_uses_can_be_given_up_by_its_patient_alone()
    {
        var patient = Guid.CreateVersion7();
        var client = billing.Service.Http(TestTokens.Patient(patient));
        var stranger = billing.Service.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var payment = await Json(await Post("/api/v1/self-payments", new { }, client), HttpStatusCode.Created);
        (await Post("/api/v1/self-payments", new { patientId = Guid.CreateVersion7() }, client)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Post("/api/v1/self-payments", new { })).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "ops names the patient");
        (await stranger.GetAsync($"/api/v1/self-payments/{Id(payment)}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Cancel(payment, stranger)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.GetAsync("/api/v1/self-payments/refunds")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await Transfer(payment, 40_00);
        State(await Json(await Cancel(payment, client), HttpStatusCode.OK)).ShouldBe("refund_due", "a part had come");
        State(await Json(await Cancel(await Order(patient), client), HttpStatusCode.OK)).ShouldBe("cancelled");
        for (var i = 0; i < 3; i++)
        {
            await Order(patient);
        }

        (await Post("/api/v1/self-payments", new { }, client)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "three are awaited");
    }

    [Fact]
    public async Task A_hundred_cases_at_once_use_a_payment_once()
    {
        var patient = Guid.CreateVersion7();
        var payment = await Order(patient);
        await Transfer(payment, 295_00);
        var client = billing.Client;
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await client.ReserveAsync(
            new ReserveRequest { CaseId = Guid.CreateVersion7().ToString(), Person = Named(payment, patient) }, deadline: BillingFixture.Soon))));
        replies.Count(r => r.Reserved).ShouldBe(1);
        replies.Where(r => !r.Reserved).ShouldAllBe(r => r.RefusalCode == "payment_used");
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static string State(JsonElement payment) => Text(payment, "state");

    private static Guid Id(JsonElement payment) => payment.GetProperty("id").GetGuid();

    private static string MessageId(XDocument order) => order.Descendants(Pain + "MsgId").Single().Value;

    private static CheckRequest Named(JsonElement payment, Guid account) => new()
    {
        AmcNumber = Text(payment, "amcNumber"),
        MemberNumber = Text(payment, "memberNumber"),
        BirthDate = "1980-01-02",
        Account = account.ToString(),
    };

    private static string Entry(long cents, string sign, string details) => string.Create(
        CultureInfo.InvariantCulture,
        $"<Ntry><Amt Ccy=\"EUR\">{cents / 100m:0.00}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>")
        + $"<BookgDt><Dt>{Now:yyyy-MM-dd}</Dt></BookgDt><AcctSvcrRef>{Guid.CreateVersion7()}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>";

    private static async Task<JsonElement> Json(HttpResponseMessage answer, HttpStatusCode expected)
    {
        answer.StatusCode.ShouldBe(expected, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<JsonElement> Order(Guid patient) => await Json(await Post("/api/v1/self-payments", new { patientId = patient }), HttpStatusCode.Created);

    private Task<JsonElement> Read(JsonElement payment) => billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/self-payments/{Id(payment)}");

    private Task<HttpResponseMessage> Cancel(JsonElement payment, HttpClient? client = null) =>
        Post($"/api/v1/self-payments/{Id(payment)}/cancellation", new { }, client);

    private Task<HttpResponseMessage> Refund(JsonElement payment, string iban = Iban) =>
        Post($"/api/v1/self-payments/{Id(payment)}/refund", new { holder = "Mme EXEMPLE", iban });

    private async Task<XDocument> File(JsonElement payment) =>
        XDocument.Parse(await billing.Ops.GetStringAsync($"/api/v1/self-payments/{Id(payment)}/refund/file"));

    private async Task<CheckReply> Check(JsonElement payment, Guid account) =>
        await billing.Client.CheckAsync(Named(payment, account), deadline: BillingFixture.Soon);

    private async Task<ReserveReply> Reserve(Guid caseId, JsonElement payment, Guid account) => await billing.Client.ReserveAsync(
        new ReserveRequest { CaseId = caseId.ToString(), Person = Named(payment, account) }, deadline: BillingFixture.Soon);

    private Task<JsonElement> Transfer(JsonElement payment, long cents) =>
        Import(Entry(cents, "CRDT", $"<TxDtls><RmtInf><Ustrd>avis {Text(payment, "reference")}</Ustrd></RmtInf></TxDtls>"));

    private async Task<JsonElement> Import(string entries) => await Json(
        await billing.Ops.PostAsync("/api/v1/payments/statements", new StringContent($"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>
            <Stmt><Id>P{Interlocked.Increment(ref _statements)}</Id><Acct><Id><IBAN>{new InvoicingOptions().Seller.Iban}</IBAN></Id></Acct>{entries}</Stmt>
            </BkToCstmrStmt></Document>
            """, Encoding.UTF8, "application/xml")), HttpStatusCode.OK);

    private async Task<JsonElement> Reject(XDocument order) => await Json(
        await billing.Ops.PostAsync("/api/v1/fees/status-reports", new StringContent($"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId></GrpHdr>
            <OrgnlGrpInfAndSts><OrgnlMsgId>{MessageId(order)}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>
            """, Encoding.UTF8, "application/xml")), HttpStatusCode.OK);

    private Task<HttpResponseMessage> Post(string path, object body, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return (client ?? billing.Ops).SendAsync(request);
    }
}
