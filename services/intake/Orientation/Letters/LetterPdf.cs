using SecondOpinion.ServiceDefaults.Pdf;

namespace SecondOpinion.Intake.Orientation.Letters;

/// <summary>Sets a filled letter on A4, as plain as a letter is. The same letter gives the same bytes.</summary>
internal sealed class LetterPdf(Fonts fonts)
{
    private const double Size = 10.5;
    private const double BlankLine = 10;

    /// <param name="title">The letter's name, for the reader's window.</param>
    /// <param name="text">Its lines; what stands under « Objet » is strong.</param>
    /// <param name="day">Given as its date of making.</param>
    public byte[] Set(string title, string text, DateOnly day) => PdfFile.Set(
        new PdfAbout(title, "", "Lettre", new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)),
        fonts,
        sheet =>
        {
            foreach (var line in text.TrimEnd().Split('\n'))
            {
                if (line.Length == 0)
                {
                    sheet.Space(BlankLine);
                }
                else
                {
                    sheet.Paragraph(line, line.StartsWith("Objet", StringComparison.Ordinal) ? sheet.Strong(Size, Sheet.Ink) : sheet.Plain(Size));
                }
            }
        });
}
