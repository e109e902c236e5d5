using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Pdf;
using SecondOpinion.Physician.Writing;

namespace SecondOpinion.Tests.Physician;

public sealed class OpinionPdfTests
{
    private static readonly OpinionPdf Pages = new(new Fonts(new ConfigurationBuilder().Build()));

    [Fact]
    public void The_sample_opinion_becomes_a_few_readable_A4_pages()
    {
        var pdf = ReadPdf.Of(Pages.Set(Sample()));

        pdf.Pages.ShouldBeInRange(2, 5);
        pdf.Raw.ShouldContain("/MediaBox [0 0 595.28 841.89]");
        pdf.Raw.ShouldContain("/Lang (fr-FR)");
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
        var flowing = string.Join(' ', text.Split('\n').Where(line => !line.StartsWith("Dossier 019a") && !line.StartsWith("Page ")));
        foreach (var written in (string[])[.. Sample().Questions, .. Sample().Content.AnswersToQuestions!, .. Sample().Content.Reasoning!, .. Sample().Content.Recommendations!])
        {
            flowing.ShouldContain(written);
        }
    }

    [Fact]
    public void It_can_be_read_aloud_since_every_heading_and_paragraph_is_part_of_the_structure()
    {
        var pdf = ReadPdf.Of(Pages.Set(Sample()));

        pdf.Raw.ShouldContain("/MarkInfo <</Marked true>>");
        Regex.Count(pdf.Raw, "/S /H1 ").ShouldBe(1);
        Regex.Count(pdf.Raw, "/S /H2 ").ShouldBe(5);
        Regex.Count(pdf.Raw, "/S /P ").ShouldBeGreaterThan(20);
    }

    [Fact]
    public void Fonts_are_embedded_as_subsets_so_that_it_looks_the_same_everywhere_and_stays_small()
    {
        var bytes = Pages.Set(Sample());

        var raw = ReadPdf.Of(bytes).Raw;
        Regex.Count(raw, @"/FontName /[A-Z]{6}\+DejaVuSans(-Bold)? ").ShouldBe(2);
        Regex.Count(raw, "/FontFile2 ").ShouldBe(2);
        bytes.Length.ShouldBeLessThan(150_000);
    }

    [Fact]
    public void The_same_opinion_gives_the_same_bytes()
    {
        SHA256.HashData(Pages.Set(Sample())).ShouldBe(SHA256.HashData(Pages.Set(Sample())));
    }

    [Fact]
    public void Where_the_table_says_an_object_begins_it_begins()
    {
        var bytes = Pages.Set(Sample());
        var raw = Encoding.Latin1.GetString(bytes);

        var start = int.Parse(Regex.Match(raw, @"startxref\n(\d+)\n%%EOF").Groups[1].Value);
        var entries = Regex.Matches(raw[start..], @"(\d{10}) 00000 n ").Select(m => int.Parse(m.Groups[1].Value)).ToList();

        raw[start..].ShouldStartWith("xref\n");
        entries.ShouldNotBeEmpty();
        foreach (var (index, offset) in entries.Index())
        {
            raw[offset..(offset + 12)].ShouldStartWith($"{index + 1} 0 obj");
        }
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

        var pdf = ReadPdf.Of(Pages.Set(opinion));

        Regex.Count(pdf.Text, "recommandation").ShouldBe(words * (references + 10));
        pdf.Pages.ShouldBeGreaterThanOrEqualTo(1 + words * (references + 10) / 600);
    }

    [Fact]
    public void A_word_wider_than_the_page_is_cut_and_nothing_of_it_is_lost()
    {
        var opinion = Sample() with { Content = Sample().Content with { Reasoning = [new string('m', 4000)] } };

        var pdf = ReadPdf.Of(Pages.Set(opinion));

        Regex.Matches(pdf.Text, "m{20,}").Sum(m => m.Length).ShouldBe(4000);
    }

    [Fact]
    public void A_correction_says_which_version_it_replaces()
    {
        var opinion = Sample() with { Version = 2, PreviousSignedAt = Sample().SignedAt.AddDays(-1) };

        ReadPdf.Of(Pages.Set(opinion)).Text.ShouldContain("elle corrige et remplace la version 1, signée le 20 novembre 2026");
    }

    [Fact]
    public void A_missing_font_says_which_package_to_install()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Fonts:Directory", "/nowhere")]).Build();

        var refused = Should.Throw<InvalidOperationException>(() => new Fonts(configuration));

        refused.Message.ShouldContain("fonts-dejavu-core");
        refused.Message.ShouldContain("Fonts:Directory");
    }

    internal static OpinionToSign Sample()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "opinion.json")));
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
            new OpinionContent(
                Finding.Confirmed,
                Finding.Changed,
                Impact.Major,
                Texts(file, "reasoning"),
                Texts(file, "recommendations"),
                Texts(file, "answersToQuestions"),
                Texts(file, "references")));
    }

    private static string[] Texts(JsonDocument file, string name) => [.. file.RootElement.GetProperty(name).EnumerateArray().Select(t => t.GetString()!)];
}
