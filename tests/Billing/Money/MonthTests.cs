using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>
/// A month of 1,000 opinions over 60 insurers, one in four of which pays per member: everything closes to the cent, in the ledger and at the bank.
/// </summary>
public sealed class MonthTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private const int Insurers = 60;
    private const int Opinions = 1_000;
    private const int Physicians = 40;
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly string Month = FrenchTime.Day(Now).ToString("yyyy-MM", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_month_closes_to_the_cent()
    {
        var insurers = await AddInsurers();
        await DeliverOpinions(insurers);
        var perOpinion = Enumerable.Range(0, Opinions).Count(i => i % Insurers % 4 != 3) * 295_00L;
        (await billing.Balance("receivable")).ShouldBe(perOpinion);
        (await billing.Scalar<long>("select sum(cents)::bigint from to_invoice")).ShouldBe(perOpinion, "the list of what is due is the ledger's");

        // Twice at once, as a schedule and a hand would.
        await Task.WhenAll(Put($"/api/v1/invoices/runs/{Month}"), Put($"/api/v1/invoices/runs/{Month}"));
        (await billing.Balance("receivable")).ShouldBe(0);
        (await billing.Scalar<int>("select count(*) from to_invoice")).ShouldBe(0);
        (await billing.Scalar<int>("select count(*) from invoice")).ShouldBe(Insurers);
        // 15 insurers with 30 members at 0.07 EUR: 2.10 and 20 % of VAT, each invoice rounded by itself.
        var members = Insurers / 4 * (210 + 42);
        (await billing.Balance("invoiced")).ShouldBe(perOpinion + members);
        (await billing.Balance("vat")).ShouldBe(-Insurers / 4 * 42);

        (await Put($"/api/v1/fees/runs/{Month}")).GetProperty("ordered").GetInt32().ShouldBe(Physicians);
        (await billing.Balance("payable")).ShouldBe(0);

        await Import(await Statement());
        (await billing.Balance("invoiced")).ShouldBe(0);
        (await billing.Balance("transit")).ShouldBe(0);
        (await billing.Balance("suspense")).ShouldBe(0);
        (await billing.Balance("bank")).ShouldBe(perOpinion + members - Opinions * 120_00L, "the ledger has what the bank has");
        (await billing.Scalar<int>("select count(*) from fee where state = 'paid'")).ShouldBe(Opinions);

        var balance = await billing.Ops.GetFromJsonAsync<JsonElement>("/api/v1/ledger/trial-balance");
        balance.GetProperty("difference").GetProperty("amount").GetString().ShouldBe("0.00");
        (await billing.Scalar<long>("select count(*) from invoice_open where open_cents <> 0")).ShouldBe(0);
    }

    private async Task<List<Guid>> AddInsurers()
    {
        // The fixture's own insurers pay per member, too: out of the way.
        await billing.Service.Data.InTransaction(db => db.ExecuteAsync("delete from roster where insurer_id = @MonthlyId", new { BillingFixture.MonthlyId }));
        var insurers = new List<Guid>();
        for (var i = 0; i < Insurers; i++)
        {
            var id = Guid.CreateVersion7();
            var perMember = i % 4 == 3;
            await billing.AddInsurer(
                id, $"996000{i:00}", $"Mutuelle Fictive {i}", perMember ? "per_member_per_month" : "per_opinion", perMember ? 7 : 295_00);
            if (perMember)
            {
                await billing.Import(id, BillingFixture.Roster([.. Enumerable.Range(1, 30).Select(m => $"M{m};1980-01-02")]));
            }

            insurers.Add(id);
        }

        return insurers;
    }

    /// <summary>Their reservations are written as they would be: a thousand calls would only show the door once more.</summary>
    private async Task DeliverOpinions(List<Guid> insurers)
    {
        var book = billing.Service.Services.GetRequiredService<BookOpinion>();
        var physicians = Enumerable.Range(0, Physicians).Select(_ => Guid.CreateVersion7()).ToArray();
        var cases = Enumerable.Range(0, Opinions).Select(_ => Guid.CreateVersion7()).ToArray();
        await billing.Service.Data.InTransaction(async db =>
        {
            await db.ExecuteAsync(
                """
                insert into coverage (case_id, insurer_id, contract, contract_version, roster_version, person_id, family_id, year, state, engagement_number,
                  reserved_at, expires_at)
                select c.id, i.id, k.number, 1, 1, gen_random_uuid(), gen_random_uuid(), 2026, 'reserved', 'E' || c.id, @Now, @Now + interval '90 days'
                from unnest(@cases, @insurers) c (id, insurer)
                join insurer i on i.id = c.insurer
                join contract k on k.insurer_id = i.id and k.code = 'OPEN';
                insert into delivered_opinion (case_id, opinion_id, physician_id, delivered_at)
                select id, gen_random_uuid(), physician, @Now from unnest(@cases, @physicians) o (id, physician);
                insert into payee_version (physician_id, version, holder, iban, bic, siret, street, post_code, city, changed_by, changed_at)
                select distinct physician, 1, 'Dr EXEMPLE', 'FR7630006000011234567890189', '', '', '', '', '', 'test', @Now
                from unnest(@physicians) p (physician);
                """,
                new
                {
                    cases,
                    Now,
                    insurers = cases.Select((_, i) => insurers[i % Insurers]).ToArray(),
                    physicians = cases.Select((_, i) => physicians[i % Physicians]).ToArray(),
                });
            foreach (var caseId in cases)
            {
                await book.BookIfDelivered(db, caseId);
            }
        });
    }

    /// <summary>Each insurer pays its invoice, every tenth in two parts; the bank debits the order of fees.</summary>
    private async Task<string> Statement()
    {
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        var invoices = await db.QueryAsync<(string Reference, long Cents)>("select reference, gross_cents from invoice order by sequence");
        var lines = new StringBuilder();
        foreach (var (index, (reference, cents)) in invoices.Index())
        {
            var first = index % 10 == 0 ? cents / 3 : cents;
            Line(first, "CRDT", $"<TxDtls><RmtInf><Ustrd>Facture {reference}</Ustrd></RmtInf></TxDtls>");
            if (first < cents)
            {
                Line(cents - first, "CRDT", $"<TxDtls><RmtInf><Ustrd>solde {reference}</Ustrd></RmtInf></TxDtls>");
            }
        }

        var (order, total) = await db.QuerySingleAsync<(string, long)>("select message_id, total_cents from fee_run");
        Line(total, "DBIT", $"<Btch><PmtInfId>{order}</PmtInfId></Btch>");
        return lines.ToString();

        void Line(long cents, string sign, string details) => lines.Append(
            CultureInfo.InvariantCulture,
            $"<Ntry><Amt Ccy=\"EUR\">{cents / 100m:0.00}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>").Append(
            CultureInfo.InvariantCulture, $"<BookgDt><Dt>{Now:yyyy-MM-dd}</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>");
    }

    private async Task Import(string entries)
    {
        var statement = $"""
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>
            <Stmt><Id>MONTH</Id><Acct><Id><IBAN>{new InvoicingOptions().Seller.Iban}</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>
            """;
        var answer = await billing.Ops.PostAsync("/api/v1/payments/statements", new StringContent(statement, Encoding.UTF8, "application/xml"));
        answer.EnsureSuccessStatusCode();
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("unmatched").GetInt32().ShouldBe(0);
    }

    private async Task<JsonElement> Put(string path)
    {
        var answer = await billing.Ops.PutAsync(path, null);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
