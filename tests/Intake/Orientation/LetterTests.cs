using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Intake.Orientation;
using SecondOpinion.Intake.Orientation.Letters;
using SecondOpinion.Pdf;

namespace SecondOpinion.Tests.Intake.Orientation;

/// <summary>Each letter with the examples of its fields against its golden text (UPDATE_GOLDEN=1 writes them anew), and as PDF.</summary>
public sealed class LetterTests
{
    private static readonly ContentBook Book = ContentBook.Load();

    public static TheoryData<string> Letters => [.. Book.OfKind("letter").Select(l => l.Id)];

    [Theory]
    [MemberData(nameof(Letters))]
    public void A_letter_reads_as_it_must(string id)
    {
        var letter = Book.Find(id)!;
        var all = letter.Placeholders.ToDictionary(p => p.Name, p => p.Example);
        var required = letter.Placeholders.Where(p => p.Required || p.RequiredUnless is not null).ToDictionary(p => p.Name, p => p.Example);

        LetterTemplate.Faults(letter, all).ShouldBeEmpty();
        Golden($"{id}.txt", LetterTemplate.Fill(letter, all));
        Golden($"{id}.required.txt", LetterTemplate.Fill(letter, required));
    }

    [Theory]
    [MemberData(nameof(Letters))]
    public void No_hole_is_left_and_no_empty_lines_pile_up(string id)
    {
        var letter = Book.Find(id)!;

        var text = LetterTemplate.Fill(letter, letter.Placeholders.Where(p => p.Required).ToDictionary(p => p.Name, p => p.Example));

        text.ShouldNotContain("{{");
        text.ShouldNotContain("\n\n\n");
        text.ShouldEndWith("\n");
    }

    [Fact]
    public void What_is_missing_or_unknown_is_told_with_an_example()
    {
        var letter = Book.Find("file-request")!;

        var faults = LetterTemplate.Faults(letter, new Dictionary<string, string> { ["senderName"] = "Camille EXEMPLE", ["shoeSize"] = "38" });

        faults.ShouldContain(f => f.Pointer == "#/values/shoeSize" && f.Code == "unknown_code");
        faults.ShouldContain(f => f.Pointer == "#/values/patientName" && f.Code == "missing" && f.Detail.Contains("EXEMPLE Camille"));
    }

    [Fact]
    public void A_reminder_names_the_deadline_that_has_passed_and_needs_one_of_the_two()
    {
        var letter = Book.Find("file-request-reminder")!;
        var values = letter.Placeholders.Where(p => p.Name != "dueDate").ToDictionary(p => p.Name, p => p.Example);

        LetterTemplate.Faults(letter, values).ShouldBeEmpty();
        LetterTemplate.Fill(letter, values).ShouldNotContain("huit jours");
        values.Remove("dueDateOlderItems");
        LetterTemplate.Faults(letter, values).ShouldHaveSingleItem().Pointer.ShouldBe("#/values/dueDate");
    }

    [Fact]
    public void A_value_cannot_smuggle_another_field()
    {
        var letter = Book.Find("note-to-treating-physician")!;
        var values = letter.Placeholders.ToDictionary(p => p.Name, p => p.Example);
        values["reason"] = "{{senderName}}";

        LetterTemplate.Fill(letter, values).ShouldContain("avant de décider\u00A0: {{senderName}}.");
    }

    [Fact]
    public void The_same_letter_gives_the_same_pdf_with_its_text_to_be_read_aloud()
    {
        var fonts = new Fonts(new ConfigurationBuilder().Build());
        var letter = Book.Find("file-request")!;
        var text = LetterTemplate.Fill(letter, letter.Placeholders.ToDictionary(p => p.Name, p => p.Example));

        var first = new LetterPdf(fonts).Set(letter.Title, text, new DateOnly(2026, 11, 22));
        var second = new LetterPdf(fonts).Set(letter.Title, text, new DateOnly(2026, 11, 22));

        first.ShouldBe(second);
        first.AsSpan().StartsWith("%PDF-1."u8).ShouldBeTrue();
        SecondOpinion.Intake.Documents.Recognition.FileKind.Of(new MemoryStream(first)).ShouldBe(new SecondOpinion.Intake.Documents.Recognition.Recognised.Accepted("application/pdf"));
        Encoding.Latin1.GetString(first).ShouldContain("/MarkInfo");
    }

    [Theory]
    [MemberData(nameof(Letters))]
    public async Task Another_program_reads_the_same_letter_in_the_pdf(string id)
    {
        var letter = Book.Find(id)!;
        var text = LetterTemplate.Fill(letter, letter.Placeholders.ToDictionary(p => p.Name, p => p.Example));
        var pdf = new LetterPdf(new Fonts(new ConfigurationBuilder().Build())).Set(letter.Title, text, new DateOnly(2026, 11, 22));
        using var reader = Process.Start(new ProcessStartInfo("pdftotext", "-enc UTF-8 - -") { RedirectStandardInput = true, RedirectStandardOutput = true })!;

        var reading = reader.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await reader.StandardInput.BaseStream.WriteAsync(pdf, TestContext.Current.CancellationToken);
        reader.StandardInput.Close();

        Flowing(await reading).ShouldBe(Flowing(text));
    }

    /// <summary>Without line breaks, which the page decides.</summary>
    private static string Flowing(string text) => string.Join(' ', text.Split((char[])[' ', '\u00A0', '\n', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));

    private static void Golden(string name, string text)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "golden", name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "../../../golden", name), text);
            return;
        }

        File.Exists(path).ShouldBeTrue($"no golden file {name}: run the tests once with UPDATE_GOLDEN=1 and commit it");
        text.ShouldBe(File.ReadAllText(path));
    }
}
