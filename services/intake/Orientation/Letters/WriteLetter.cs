using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Orientation.FileRequests;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Orientation.Letters;

/// <summary>
/// Writes a letter for the patient: request for the file, reminder, appointment, note to the treating physician; as text or PDF. Nothing is kept.
/// </summary>
internal static class WriteLetter
{
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    /// <summary>One field of a letter.</summary>
    /// <param name="Name">Key in <c>values</c>.</param>
    /// <param name="Meaning">What it is, in French.</param>
    /// <param name="Required">The letter is refused without it.</param>
    /// <param name="Example">A value that would be taken; fictitious.</param>
    /// <param name="RequiredUnless">Another field: one of the two must be given; null when there is none.</param>
    internal sealed record LetterField(string Name, string Meaning, bool Required, string Example, string? RequiredUnless);

    /// <summary>A letter that can be written.</summary>
    /// <param name="Id">For the path.</param>
    /// <param name="Title">French title.</param>
    /// <param name="Fields">In the order of the text.</param>
    /// <param name="Simplified">What the letter is for, in simplified French.</param>
    internal sealed record LetterDescription(string Id, string Title, IReadOnlyList<LetterField> Fields, ShowPages.SimplifiedPage Simplified);

    /// <summary>The letters that can be written.</summary>
    /// <param name="Items">Each with what it asks for.</param>
    internal sealed record LetterDescriptions(IReadOnlyList<LetterDescription> Items);

    /// <summary>What goes into a letter. It is used for this answer and forgotten.</summary>
    /// <param name="Values">By field; optional ones may be left out, and their lines with them.</param>
    /// <param name="FileRequest">For the reminder: the deadlines that have passed and the next recourse are computed from it where not given.</param>
    /// <param name="WrittenOn">The day that the letter bears; today when absent.</param>
    [HealthData]
    internal sealed record WriteLetterRequest(
        IReadOnlyDictionary<string, string> Values, ComputeFileDeadlines.FileDeadlinesRequest? FileRequest = null, DateOnly? WrittenOn = null);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/letters", List)
            .AllowAnonymous()
            .WithName("ListLetters")
            .WithSummary("The letters that can be written")
            .WithDescription("Each with its fields, what they mean, and an example.");
        api.MapPost("/orientation/letters/{id}", Handle)
            .AllowAnonymous()
            .GivesFile("application/pdf", "text/plain")
            .WithName("WriteLetter")
            .WithSummary("Write a letter")
            .WithDescription("`format=pdf` (default) or `format=text`. What is sent is used for this answer and forgotten.");
    }

    private static Ok<LetterDescriptions> List(ContentBook book) => TypedResults.Ok(new LetterDescriptions(
    [
        .. book.OfKind("letter").Select(l => new LetterDescription(
            l.Id, l.Title, [.. l.Placeholders.Select(p => new LetterField(p.Name, p.Meaning, p.Required, p.Example, p.RequiredUnless))],
            ShowPages.View(l).Simplified)),
    ]));

    /// <param name="id">Which letter: an id of the list, e.g. <c>file-request</c>.</param>
    /// <param name="format"><c>pdf</c> or <c>text</c>; <c>pdf</c> when left out.</param>
    /// <returns>The letter, as PDF or as text.</returns>
    private static Results<FileContentHttpResult, Problem> Handle(
        string id, WriteLetterRequest request, HttpContext http, ContentBook book, LetterPdf pdf, TimeProvider time, string format = "pdf")
    {
        if (book.Find(id) is not { Kind: "letter" } letter)
        {
            return CommonProblems.Absent();
        }

        var writtenOn = request.WrittenOn ?? FrenchTime.Day(time.GetUtcNow());
        var values = WithDates(letter, request, writtenOn);
        var errors = LetterTemplate.Faults(letter, values, writtenOn).Concat(request.FileRequest?.Faults("#/fileRequest") ?? []).ToList();
        if (format is not ("pdf" or "text"))
        {
            errors.Add(new FieldError("#/format", "unknown_code", "La lettre s'écrit en PDF ou en texte : choisissez l'un des deux.", ["pdf", "text"]));
        }

        if (errors.Count > 0)
        {
            return CommonProblems.Invalid([.. errors]);
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var text = LetterTemplate.Fill(letter, values);
        return format == "text"
            ? TypedResults.File(Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8", $"{id}.txt")
            : TypedResults.File(pdf.Set(letter.Title, text, writtenOn), "application/pdf", $"{id}.pdf");
    }

    internal static IReadOnlyDictionary<string, string> WithDates(ContentPage letter, WriteLetterRequest request, DateOnly writtenOn)
    {
        if (request.FileRequest is not { } fileRequest || fileRequest.Faults("#").Any())
        {
            return request.Values;
        }

        var deadlines = fileRequest.Deadlines();
        var known = letter.Placeholders.Select(p => p.Name).ToHashSet();
        var values = new Dictionary<string, string>(request.Values);
        foreach (var (name, value) in new[]
        {
            ("receivedDate", InWords(deadlines.ReceivedOn)), ("dueDate", InWords(Passed(deadlines.RecentDueOn, writtenOn))),
            ("dueDateOlderItems", InWords(Passed(deadlines.OlderDueOn, writtenOn))), ("nextRecourse", deadlines.NextRecourse),
        })
        {
            if (value is not null && known.Contains(name))
            {
                values.TryAdd(name, value);
            }
        }

        return values;
    }

    /// <summary>The last day of a delay has passed from the day after it.</summary>
    private static DateOnly? Passed(DateOnly? day, DateOnly writtenOn) => day < writtenOn ? day : null;

    private static string? InWords(DateOnly? day) => day?.ToString(day.Value.Day == 1 ? "'1er' MMMM yyyy" : "d MMMM yyyy", French);
}
