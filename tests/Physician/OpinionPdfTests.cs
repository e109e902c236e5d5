using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.Physician.Writing;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

public sealed class OpinionPdfTests
{
    private static readonly OpinionPdf Pages = new(new Fonts(new ConfigurationBuilder().Build()));

    [Fact]
    public void The_sample_opinion_becomes_a_few_readable_A4_pages()
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample()));

        pdf.Pages.ShouldBeInRange(3, 6);
        pdf.Properties.ShouldContain("(A4)");
        pdf.Properties.ShouldContain("Deuxième avis médical, dossier 019a0000");
        var text = pdf.Text;
        text.ShouldContain("Deuxième avis médical");
        text.ShouldContain("Dr Alix EXEMPLE-DURANCE");
        text.ShouldContain("99000010019");
        text.ShouldContain("21 novembre 2026 à 14 h 05 (heure de Paris)");
        text.ShouldContain("Femme, 37 ans");
        text.ShouldContain(Sample().CaseId.ToString());
        // The article is about acts of telemedicine; an opinion that the patient asked for is none.
        text.ShouldNotContain("6316");
        text.ShouldContain($"Page 1 sur {pdf.Pages}");
        text.ShouldContain($"Page {pdf.Pages} sur {pdf.Pages}");
        var said = Flowing(pdf.Structure.Replace("\"", ""));
        foreach (var written in (string[])[
            .. Sample().Questions, .. Sample().Content.AnswersToQuestions!, .. Sample().Content.Reasoning!, .. Sample().Content.Recommendations!])
        {
            said.ShouldContain(Flowing(written.Replace("\"", "")));
        }
    }

    [Fact]
    public void It_can_be_read_aloud_since_every_heading_paragraph_and_list_is_part_of_the_structure()
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample()));

        var structure = pdf.Structure;
        Regex.Count(structure, @"^  H1 ", RegexOptions.Multiline).ShouldBe(1);
        Regex.Count(structure, @"^  H2 ", RegexOptions.Multiline).ShouldBe(11);
        Regex.Count(structure, @"^  H3 ", RegexOptions.Multiline).ShouldBe(Sample().Questions.Count + Sample().Content.Options!.Count);
        Regex.Count(structure, @"^  P ", RegexOptions.Multiline).ShouldBeGreaterThan(15);
        // Recommendations, references, what would change the opinion, and two of each option.
        Regex.Count(structure, @"^  L ", RegexOptions.Multiline).ShouldBe(3 + 2 * Sample().Content.Options!.Count);
        Regex.Count(structure, @"^    LI ", RegexOptions.Multiline).ShouldBe(
            Sample().Content.Recommendations!.Count + Sample().Content.References!.Count + Sample().Content.WouldChangeMyMind!.Count
            + Sample().Content.Options!.Sum(o => o.Benefits!.Count + o.Risks!.Count));
        Regex.Count(structure, @"^      Lbl ", RegexOptions.Multiline).ShouldBe(Regex.Count(structure, @"^      LBody ", RegexOptions.Multiline));
        structure.ShouldNotContain("Page 1 sur", Case.Sensitive, "what repeats on each page is not read aloud");
    }

    /// <summary>No full checker is to be had on Debian: each rule that we rely on is named and looked at.</summary>
    [Fact]
    public void It_says_to_be_PDF_A_3a_and_PDF_UA_1_and_keeps_their_rules()
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample()));

        pdf.MustBeSound();
        var xmp = XDocument.Parse(pdf.Description.Trim());
        Value(xmp, "http://www.aiim.org/pdfa/ns/id/", "part").ShouldBe("3");
        Value(xmp, "http://www.aiim.org/pdfa/ns/id/", "conformance").ShouldBe("A");
        Value(xmp, "http://www.aiim.org/pdfua/ns/id/", "part").ShouldBe("1");
        Value(xmp, "http://www.aiim.org/pdfa/ns/schema#", "prefix").ShouldBe("pdfuaid");
        Value(xmp, "http://purl.org/dc/elements/1.1/", "title").ShouldBe($"Deuxième avis médical, dossier {Sample().CaseId}, version 1");
        Value(xmp, "http://purl.org/dc/elements/1.1/", "creator").ShouldBe("Dr Alix EXEMPLE-DURANCE");
        Value(xmp, "http://ns.adobe.com/xap/1.0/", "CreateDate").ShouldBe("2026-11-21T13:05:00+00:00");
        var objects = pdf.Objects;
        objects.ShouldContain("/CreationDate (D:20261121130500+00'00')");
        objects.ShouldContain("/Lang (fr-FR)");
        objects.ShouldContain("/Marked true");
        objects.ShouldContain("/DisplayDocTitle true");
        objects.ShouldContain("/S /GTS_PDFA1", Case.Sensitive, "colours have a profile");
        Regex.Count(objects, "/Tabs /S").ShouldBe(pdf.Pages);
        Regex.Count(objects, @"/StructParents \d+").ShouldBe(pdf.Pages);
        objects.ShouldNotContain("/Encrypt");
        objects.ShouldNotContain("/JavaScript");
    }

    [Fact]
    public void Fonts_are_embedded_as_subsets_so_that_it_looks_the_same_everywhere_and_stays_small()
    {
        var bytes = Pages.Set(Sample());

        using var pdf = ReadPdf.Of(bytes);
        var fonts = pdf.Fonts.Split('\n', StringSplitOptions.RemoveEmptyEntries)[2..];
        fonts.Length.ShouldBe(2);
        // Embedded, a subset, with the Unicode of each glyph.
        fonts.ShouldAllBe(f => Regex.IsMatch(f, @"^[A-Z]{6}\+DejaVu.* yes yes yes "));
        bytes.Length.ShouldBeLessThan(150_000);
    }

    [Fact]
    public void The_same_opinion_gives_the_same_bytes()
    {
        SHA256.HashData(Pages.Set(Sample())).ShouldBe(SHA256.HashData(Pages.Set(Sample())));
    }

    [Theory]
    [InlineData("Ça va 😀 mieux", "Ça va [U+1F600] mieux")]
    [InlineData("中", "[U+4E2D]")]
    [InlineData("e\u0301te\u0301", "été")]
    [InlineData("cœur ≥ 5 µg/L, α-β, Ж", "cœur ≥ 5 µg/L, α-β, Ж")]
    [InlineData("a\u0007b", "a[U+0007]b")]
    public void A_sign_is_printed_or_named_and_never_lost(string written, string read)
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample() with { Content = Sample().Content with { Reasoning = [$"AAA {written} ZZZ"] } }));

        pdf.MustBeSound();
        Flowing(pdf.Text).ShouldContain($"AAA {read} ZZZ");
        pdf.Structure.ShouldContain($"AAA {read} ZZZ");
    }

    [Fact]
    public void Half_a_sign_is_shown_as_one_that_cannot_be_read()
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample() with { Content = Sample().Content with { Reasoning = ["AAA \uD83D ZZZ"] } }));

        Flowing(pdf.Text).ShouldContain("AAA \uFFFD ZZZ");
    }

    [Fact]
    public void What_is_written_from_right_to_left_is_drawn_so_and_copied_in_the_order_of_reading()
    {
        using var pdf = ReadPdf.Of(Pages.Set(Sample() with { Content = Sample().Content with { Reasoning = ["AAA שלום ZZZ"] } }));

        pdf.MustBeSound();
        // The program marks what it turns round with U+202B and U+202C.
        Regex.Replace(Flowing(pdf.Text), @"[\u202A-\u202E\s]", "").ShouldContain("AAAשלוםZZZ");
        pdf.Structure.ShouldContain("AAA םולש ZZZ", Case.Sensitive, "drawn as it stands on paper");
        pdf.Objects.ShouldContain("/ActualText <feff004100410041002005e905dc05d505dd0020005a005a005a>", Case.Insensitive);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(50, 300)]
    public void Any_amount_of_text_is_set_on_as_many_pages_as_it_needs(int references, int words)
    {
        var text = string.Join(' ', Enumerable.Repeat("recommandation", words));
        var opinion = Sample() with
        {
            Content = Sample().Content with
            {
                Reasoning = [.. Enumerable.Repeat(text, 10)],
                References = [.. Enumerable.Repeat(text, references)],
            },
        };

        using var pdf = ReadPdf.Of(Pages.Set(opinion));

        Regex.Count(pdf.Text, "recommandation").ShouldBe(words * (references + 10));
        pdf.Pages.ShouldBeGreaterThanOrEqualTo(1 + words * (references + 10) / 600);
    }

    [Fact]
    public void A_word_wider_than_the_page_is_cut_and_nothing_of_it_is_lost()
    {
        var opinion = Sample() with { Content = Sample().Content with { Reasoning = [new string('m', 4000)] } };

        using var pdf = ReadPdf.Of(Pages.Set(opinion));

        Regex.Matches(pdf.Text, "m{20,}").Sum(m => m.Length).ShouldBe(4000);
    }

    [Fact]
    public void A_correction_says_which_version_it_replaces()
    {
        var corrected = Sample().Content with { CorrectionReason = "La date de l’IRM était fausse." };
        var opinion = Sample() with { Version = 2, PreviousSignedAt = Sample().SignedAt.AddDays(-1), Content = corrected };

        using var pdf = ReadPdf.Of(Pages.Set(opinion));

        pdf.Text.ShouldContain("Motif de la correction : La date de l’IRM était fausse.");
        pdf.Text.ShouldContain("elle corrige et remplace la version 1, signée le 20 novembre 2026");
    }

    [Fact]
    public void A_missing_font_says_which_package_to_install()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Fonts:Directory", "/nowhere")]).Build();

        var refused = Should.Throw<InvalidOperationException>(() => new Fonts(configuration));

        refused.Message.ShouldContain("fonts-dejavu-core");
        refused.Message.ShouldContain("Fonts:Directory");
    }

    private static string Value(XDocument xmp, string space, string name) => xmp.Descendants(XName.Get(name, space)).Single().Value.Trim();

    /// <summary>Without line breaks, which the page decides.</summary>
    private static string Flowing(string text) => string.Join(' ', text.Split((char[])[' ', '\n', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));

    internal static OpinionToSign Sample()
    {
        var opinion = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "opinion.json"));
        using var questions = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "questions.json")));
        return new OpinionToSign(
            Guid.Parse("019a0000-0000-7000-8000-000000000001"),
            Guid.Parse("019a0000-0000-7000-8000-000000000002"),
            1,
            new DateTimeOffset(2026, 11, 21, 13, 5, 0, TimeSpan.Zero),
            null,
            "Dr Alix EXEMPLE-DURANCE",
            "99000010019",
            "endometriose",
            "Endométriose",
            37,
            "F",
            [.. questions.RootElement.GetProperty("questions").EnumerateArray().Select(q => q.GetString()!)],
            JsonSerializer.Deserialize<OpinionContent>(opinion, Draft.Json)!);
    }
}
