using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Intake.Orientation;
using SecondOpinion.Intake.Orientation.FileRequests;
using SecondOpinion.Intake.Orientation.Letters;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Tests.Intake.Orientation;

/// <summary>Each letter with the examples of its fields against its golden text (UPDATE_GOLDEN=1 writes them anew), and as PDF.</summary>
public sealed partial class LetterTests
{
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");
    private static readonly ContentBook Book = ContentBook.Load();

    /// <summary>After every deadline of the examples.</summary>
    private static readonly DateOnly Written = new(2027, 1, 11);

    public static TheoryData<string> Letters => [.. Book.OfKind("letter").Select(l => l.Id)];

    [Theory]
    [MemberData(nameof(Letters))]
    public void A_letter_reads_as_it_must(string id)
    {
        var letter = Book.Find(id)!;
        var all = letter.Placeholders.ToDictionary(p => p.Name, p => p.Example);
        var required = letter.Placeholders.Where(p => p.Required || p.RequiredUnless is not null).ToDictionary(p => p.Name, p => p.Example);

        LetterTemplate.Faults(letter, all, Written).ShouldBeEmpty();
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

        var faults = LetterTemplate.Faults(letter, new Dictionary<string, string> { ["senderName"] = "Camille EXEMPLE", ["shoeSize"] = "38" }, Written);

        faults.ShouldContain(f => f.Pointer == "#/values/shoeSize" && f.Code == "unknown_code");
        faults.ShouldContain(f => f.Pointer == "#/values/patientName" && f.Code == "missing" && f.Detail.Contains("EXEMPLE Camille"));
    }

    [Fact]
    public void A_reminder_names_the_deadline_that_has_passed_and_needs_one_of_the_two()
    {
        var letter = Book.Find("file-request-reminder")!;
        var values = letter.Placeholders.Where(p => p.Name != "dueDate").ToDictionary(p => p.Name, p => p.Example);

        LetterTemplate.Faults(letter, values, Written).ShouldBeEmpty();
        LetterTemplate.Fill(letter, values).ShouldNotContain("huit jours");
        values.Remove("dueDateOlderItems");
        LetterTemplate.Faults(letter, values, Written).ShouldHaveSingleItem().Pointer.ShouldBe("#/values/dueDate");
    }

    public static TheoryData<string, string, object> Reminders => new(
        from written in new[] { "2026-11-13", "2026-11-22", "2027-01-04", "2027-01-05", "2027-06-30" }
        from made in new[] { "2026-09-28", "2005-06-01", "2026-09-28|2005-06-01" }
        from holder in Enum.GetValues<FileHolder>()
        select (written, made, (object)holder));

    [Theory]
    [MemberData(nameof(Reminders))]
    public void A_reminder_of_any_day_quotes_only_what_has_passed_and_turns_to_whom_the_holder_answers(string written, string made, object holder)
    {
        var letter = Book.Find("file-request-reminder")!;
        var day = DateOnly.ParseExact(written, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        var given = letter.Placeholders.Where(p => !p.OnlyPassed && p.Name is not ("nextRecourse" or "receivedDate")).ToDictionary(p => p.Name, p => p.Example);
        given["letterDate"] = day.ToString("d MMMM yyyy", French);
        var request = new ComputeFileDeadlines.FileDeadlinesRequest(
            new DateOnly(2026, 11, 4),
            Items: [.. made.Split('|').Select(m => new FileItem("pièce", DateOnly.ParseExact(m, "yyyy-MM-dd", CultureInfo.InvariantCulture)))],
            Holder: (FileHolder)holder);

        var values = WriteLetter.WithDates(letter, new WriteLetter.WriteLetterRequest(given, request), day);
        var nothingLate = request.Deadlines().Items.All(i => i.DueOn >= day);

        LetterTemplate.Faults(letter, values, day).Any(f => f.Code == "missing").ShouldBe(nothingLate);
        var text = LetterTemplate.Fill(letter, values);
        foreach (Match found in DayInWords().Matches(text))
        {
            DateOnly.ParseExact(found.Value.Replace("1er", "1"), "d MMMM yyyy", French).ShouldBeLessThanOrEqualTo(day, text);
        }

        text.Contains("CADA").ShouldBe(holder is FileHolder.PublicHospital or FileHolder.PrivateHospitalPublicService);
        text.Contains("clinique", StringComparison.OrdinalIgnoreCase).ShouldBeTrue();
    }

    [Fact]
    public void A_deadline_still_to_come_is_refused_in_a_reminder_even_when_typed()
    {
        var letter = Book.Find("file-request-reminder")!;
        var values = letter.Placeholders.ToDictionary(p => p.Name, p => p.Example);

        LetterTemplate.Faults(letter, values, new DateOnly(2026, 11, 22)).ShouldHaveSingleItem().ShouldBe(
            new FieldError(
                "#/values/dueDateOlderItems", "not_passed", "Cette lettre ne cite qu'une date passée, en toutes lettres. Exemple : 4 janvier 2027."));
    }

    [Fact]
    public void A_request_asks_for_a_first_copy_that_is_free()
    {
        var letter = Book.Find("file-request")!;
        var text = LetterTemplate.Fill(letter, letter.Placeholders.ToDictionary(p => p.Name, p => p.Example));

        text.ShouldContain("première copie est gratuite");
        text.ShouldNotContain("frais de copie");
        letter.Conflicts.ShouldNotBeEmpty();
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
        SecondOpinion.Intake.Documents.Recognition.FileKind.Of(new MemoryStream(first))
            .ShouldBe(new SecondOpinion.Intake.Documents.Recognition.Recognised.Accepted("application/pdf"));
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
    private static string Flowing(string text) =>
        string.Join(' ', text.Split((char[])[' ', '\u00A0', '\n', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex("\\b(1er|[0-9]{1,2}) (janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre) [0-9]{4}")]
    private static partial Regex DayInWords();

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
