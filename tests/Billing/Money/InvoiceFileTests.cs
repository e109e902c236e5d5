using System.Globalization;
using System.Text;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>The files of an invoice: what insurers' programs and people read.</summary>
public sealed class InvoiceFileTests
{
    private static readonly XNamespace Ram = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100";
    private static readonly VatRule Exempt = new InvoicingOptions().VatOf(Pricing.PerOpinion);
    private static readonly VatRule Standard = new InvoicingOptions().VatOf(Pricing.PerMemberPerMonth);

    [Fact]
    public void The_data_of_an_invoice_are_those_that_the_schema_judged() =>
        Golden.Is("facture.xml", Encoding.UTF8.GetString(FacturX.Write(Sample())));

    [Fact]
    public void The_data_of_a_credit_note_are_those_that_the_schema_judged() =>
        Golden.Is("avoir.xml", Encoding.UTF8.GetString(FacturX.Write(CreditNote())));

    /// <summary>The arithmetic of EN 16931, whatever the lines: BR-CO-10 to 17, and that nothing is lost to rounding.</summary>
    [Fact]
    public void Totals_of_the_data_follow_from_the_lines_to_the_cent()
    {
        var line =
            from quantity in Gen.Choose(1, 5000)
            from unit in Gen.Choose(1, 100_000)
            from vat in Gen.Elements(Exempt, Standard, Standard with { Rate = 550 }, Standard with { Rate = 210 })
            select new InvoiceLine(Pricing.PerMemberPerMonth, "OPEN", "", null, null, quantity, unit, vat);
        Prop.ForAll(line.NonEmptyListOf().ToArbitrary(), lines => Judge(XDocument.Parse(
            Encoding.UTF8.GetString(FacturX.Write(Sample() with { Lines = [.. lines], Totals = InvoiceTotals.Of(lines) }))))).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_judge_of_the_arithmetic_sees_a_cent()
    {
        var document = XDocument.Parse(Encoding.UTF8.GetString(FacturX.Write(Sample())));
        document.Descendants(Ram + "GrandTotalAmount").Single().Value = "1.00";
        Should.Throw<ShouldAssertException>(() => Judge(document));
    }

    [Fact]
    public void The_paper_is_French_holds_the_data_and_says_so()
    {
        var invoice = Sample();
        using var pdf = ReadPdf.Of(Pdf(invoice));
        pdf.MustBeSound();
        pdf.Attached("factur-x.xml").ShouldBe(Encoding.UTF8.GetString(FacturX.Write(invoice)));
        var objects = pdf.Objects;
        objects.ShouldContain("/AFRelationship /Alternative");
        objects.ShouldContain("/Subtype /text#2fxml");
        objects.ShouldMatch(@"/AF \[\s*\d+ 0 R");
        objects.ShouldContain("/EmbeddedFiles");
        var xmp = XDocument.Parse(pdf.Description.Trim());
        XNamespace fx = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";
        xmp.Descendants(fx + "ConformanceLevel").Single().Value.ShouldBe("EN 16931");
        xmp.Descendants(fx + "DocumentFileName").Single().Value.ShouldBe("factur-x.xml");
        XNamespace schema = "http://www.aiim.org/pdfa/ns/schema#";
        xmp.Descendants(schema + "prefix").Select(p => p.Value).ShouldBe(["pdfuaid", "fx"], "PDF/A asks that each is declared");

        Golden.Is("facture.txt", Plain(pdf.Text));
        Plain(pdf.Text).ShouldContain("Total à payer TTC");
    }

    [Fact]
    public void The_paper_of_a_credit_note_names_what_it_takes_back()
    {
        using var pdf = ReadPdf.Of(Pdf(CreditNote()));
        var text = Plain(pdf.Text);
        text.ShouldContain("Avoir n° 2026-000043");
        text.ShouldContain("facture 2026-000042 du 03/11/2026");
        text.ShouldContain("Total de l'avoir TTC");
        text.ShouldNotContain("IBAN");
    }

    [Fact]
    public void A_long_invoice_goes_over_many_pages_and_stays_sound()
    {
        var lines = Enumerable.Range(1, 400).Select(i => Opinion(i)).ToList();
        using var pdf = ReadPdf.Of(Pdf(Sample() with { Lines = lines, Totals = InvoiceTotals.Of(lines) }));
        pdf.MustBeSound();
        pdf.Pages.ShouldBeGreaterThan(5);
        pdf.Text.ShouldContain(lines[^1].Reference);
        Plain(pdf.Text).ShouldContain(Plain(InvoiceText.Euros(400 * 295_00)));
    }

    [Fact]
    public void The_lines_for_a_spreadsheet_add_up_to_the_invoice()
    {
        var invoice = Sample();
        var bytes = InvoiceCsv.Write(invoice);
        bytes[..3].ShouldBe(Encoding.UTF8.Preamble.ToArray());
        var rows = Encoding.UTF8.GetString(bytes[3..]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        rows[0].ShouldBe(InvoiceCsv.Header);
        rows.Skip(1).Sum(r => decimal.Parse(r.Split(';')[8], CultureInfo.GetCultureInfo("fr-FR"))).ShouldBe(invoice.Totals.NetCents / 100m);
    }

    [Theory]
    [InlineData("RF18539007547034")]
    [InlineData("RF712348231")]
    public void Published_references_hold(string reference)
    {
        CreditorReference.Holds(reference).ShouldBeTrue();
        CreditorReference.Of(reference[4..]).ShouldBe(reference);
    }

    [Fact]
    public void A_reference_is_found_in_what_a_payer_wrote_and_a_mistyped_one_is_not()
    {
        var reference = CreditorReference.Of("FA2026000042");
        var spaced = string.Join(' ', reference.Chunk(4).Select(c => new string(c)));
        CreditorReference.In($"Facture du mois, réf. {spaced}").ShouldContain(reference);
        CreditorReference.In($"virement {reference.ToLowerInvariant()} merci").ShouldContain(reference);
        CreditorReference.In(reference.Replace("42", "24", StringComparison.Ordinal)).ShouldAllBe(r => r.Length != reference.Length);
        CreditorReference.In("notre règlement").ShouldBeEmpty();
    }

    [Fact]
    public void VAT_is_configuration_and_a_treatment_without_its_reason_is_refused()
    {
        new InvoicingOptions().Fault().ShouldBeNull();
        new InvoicingOptions { PerOpinion = new() { Category = "E" } }.Fault().ShouldNotBeNull("exempt, and no reason");
        new InvoicingOptions { PerOpinion = new() { Category = "S" } }.Fault().ShouldNotBeNull("standard, and no rate");
        new InvoicingOptions { PerOpinion = new() { Category = "Z" } }.Fault().ShouldNotBeNull();
        new InvoicingOptions { Seller = new() { Iban = "FR7630006000011234567890180" } }.Fault().ShouldNotBeNull("a wrong key");
    }

    [Theory]
    [InlineData("2026-11-02", "2026-09-01")]
    [InlineData("2026-11-03", "2026-10-01")]
    [InlineData("2027-01-05", "2026-12-01")]
    public void The_month_before_is_due_once_its_day_has_come(string today, string month) => InvoiceMonths.Due(Day(today), 3).ShouldBe(Day(month));

    /// <summary>The rules of EN 16931 that an invoice without allowances, charges and prepayments can break.</summary>
    private static void Judge(XDocument document)
    {
        var lines = document.Descendants(Ram + "IncludedSupplyChainTradeLineItem").ToList();
        var settlement = document.Descendants(Ram + "ApplicableHeaderTradeSettlement").Single();
        var total = settlement.Element(Ram + "SpecifiedTradeSettlementHeaderMonetarySummation")!;
        var taxes = settlement.Elements(Ram + "ApplicableTradeTax").ToList();
        Of(total, "LineTotalAmount").ShouldBe(lines.Sum(l => Of(l, "LineTotalAmount")), "BR-CO-10");
        total.Elements().Select(e => e.Name.LocalName).ShouldNotContain("AllowanceTotalAmount", "BR-CO-11: there are none");
        total.Elements().Select(e => e.Name.LocalName).ShouldNotContain("ChargeTotalAmount", "BR-CO-12: there are none");
        Of(total, "TaxBasisTotalAmount").ShouldBe(Of(total, "LineTotalAmount"), "BR-CO-13");
        Of(total, "TaxTotalAmount").ShouldBe(taxes.Sum(t => Of(t, "CalculatedAmount")), "BR-CO-14");
        Of(total, "GrandTotalAmount").ShouldBe(Of(total, "TaxBasisTotalAmount") + Of(total, "TaxTotalAmount"), "BR-CO-15");
        Of(total, "DuePayableAmount").ShouldBe(Of(total, "GrandTotalAmount"), "BR-CO-16");
        foreach (var tax in taxes)
        {
            var basis = Of(tax, "BasisAmount");
            Of(tax, "CalculatedAmount").ShouldBe(
                decimal.Round(basis * Of(tax, "RateApplicablePercent") / 100, 2, MidpointRounding.AwayFromZero), "BR-CO-17");
            basis.ShouldBe(lines.Where(l => Same(l, tax, "CategoryCode") && Same(l, tax, "RateApplicablePercent")).Sum(l => Of(l, "LineTotalAmount")),
                "BR-S-08, BR-E-08");
            (tax.Element(Ram + "ExemptionReason") is not null).ShouldBe(tax.Element(Ram + "CategoryCode")!.Value == "E", "BR-E-10, BR-S-10");
        }

        foreach (var line in lines)
        {
            Of(line, "LineTotalAmount").ShouldBe(Of(line, "ChargeAmount") * Of(line, "BilledQuantity"));
        }

        static decimal Of(XElement within, string name) => decimal.Parse(within.Descendants(Ram + name).Single().Value, CultureInfo.InvariantCulture);

        static bool Same(XElement line, XElement tax, string name) =>
            line.Descendants(Ram + name).Single().Value == tax.Element(Ram + name)!.Value;
    }

    private static Invoice Sample()
    {
        var lines = new List<InvoiceLine>
        {
            Opinion(1), Opinion(2), Opinion(3), new(Pricing.PerMemberPerMonth, "INTEGRALE", "", null, null, 12_345, 4, Standard),
        };
        var parties = new InvoiceParties(
            new("99000000800018", "SecondOpinion (société fictive)", "SAS fictive au capital de 50 000 euros", "1 rue de l'Exemple", "99001", "Ville-Fictive"),
            new("9900000100", "Mutuelle Fictive de l'Été & Cie", "", "2 rue de l'Exemple", "99002", "Ville-Fictive"),
            "FR00990000008", "990000008", "FR7630006000011234567890189", "FICTFRPPXXX");
        return new Invoice(
            Guid.Parse("019a0000-0000-7000-8000-000000000042"), "2026-000042", InvoiceKind.Invoice, BillingFixture.InsurerId, Day("2026-10-01"), null, null, "",
            Day("2026-11-03"), Day("2026-12-03"), CreditorReference.Of("FA2026000042"), parties, lines, InvoiceTotals.Of(lines),
            new DateTimeOffset(2026, 11, 3, 5, 0, 0, TimeSpan.Zero));
    }

    private static Invoice CreditNote()
    {
        var invoice = Sample();
        var lines = new List<InvoiceLine> { invoice.Lines[1] with { Credits = 2 } };
        return invoice with
        {
            Number = "2026-000043",
            Kind = InvoiceKind.CreditNote,
            Corrects = invoice.Number,
            CorrectedOn = invoice.IssuedOn,
            Reason = "Avis facturé à tort",
            IssuedOn = Day("2026-11-10"),
            DueOn = Day("2026-11-10"),
            Reference = CreditorReference.Of("AV2026000043"),
            Lines = lines,
            Totals = InvoiceTotals.Of(lines),
        };
    }

    private static InvoiceLine Opinion(int i)
    {
        var caseId = new Guid(i, 0, 0, new byte[8]);
        return new(Pricing.PerOpinion, "CONFORT", InvoiceLine.ReferenceOf(caseId), Day("2026-10-01").AddDays(i % 28), caseId, 1, 295_00, Exempt);
    }

    private static byte[] Pdf(Invoice invoice) => new InvoicePdf(new Fonts(new ConfigurationBuilder().Build())).Set(invoice);

    /// <summary>Spaces of all kinds as one.</summary>
    private static string Plain(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(l => l.Replace('\u00A0', ' ').Replace('\u202F', ' ').TrimEnd()));

    private static DateOnly Day(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}
