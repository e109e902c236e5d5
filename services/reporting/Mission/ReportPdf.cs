using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Reporting.Mission;

/// <summary>Sets a mission report as French, tagged PDF. It is dated from the end of its year, so the same report has the same bytes on any day.</summary>
internal sealed class ReportPdf(Fonts fonts)
{
    private const double Body = 9.5;
    private const double Small = 8;
    private const double FirstYear = 210;
    private const double SecondYear = 296;
    private const double OwnYear = 382;
    private const double Target = 468;

    public byte[] Set(MissionReport report) => PdfFile.Set(
        new PdfAbout(ReportText.Title(report), "", ReportText.Subject, FrenchTime.Midnight(new DateOnly(report.Year + 1, 1, 1))),
        fonts,
        sheet =>
        {
            sheet.Title(ReportText.Title(report));
            sheet.Paragraph(ReportText.Introduction(report), sheet.Plain(Body));
            foreach (var commitment in report.Commitments)
            {
                Commitment(sheet, report, commitment);
            }

            Closing(sheet, report);
            Notes(sheet, report);
            Seal(sheet, report);
        },
        (page, number, pages) =>
        {
            page.Line(Sheet.Quiet, 0.4, Sheet.Left, Sheet.Right, 794);
            page.Text($"{ReportText.Title(report)}. Empreinte {report.Seal.Sha256[..16]}…", fonts.Plain(7.5, Sheet.Quiet), Sheet.Left, 806);
            var place = $"Page {number} sur {pages}";
            var style = fonts.Plain(7.5, Sheet.Quiet);
            page.Text(place, style, Sheet.Right - style.Measure(place), 806);
        });

    private static void Commitment(Sheet sheet, MissionReport report, MissionReport.CommitmentFigures commitment)
    {
        // A heading has one line; two of the titles do not.
        sheet.Heading($"Engagement {commitment.Number}");
        sheet.Paragraph(commitment.Title, sheet.Strong(Body, Sheet.Accent));
        sheet.Space(6);
        sheet.Table(
            [Sheet.Left, FirstYear, SecondYear, OwnYear, Target], ReportText.Heads(report),
            [.. commitment.Lines.Select(ReportText.Row)], sheet.Strong(Small, Sheet.Accent), sheet.Plain(Small));
        if (commitment.Comment.Length > 0)
        {
            sheet.Space(6);
            sheet.Paragraph(ReportText.CommentHead, sheet.Strong(Body, Sheet.Accent));
            sheet.Paragraph(commitment.Comment, sheet.Plain(Body));
        }
    }

    private static void Closing(Sheet sheet, MissionReport report)
    {
        if (report.Doubts.Count > 0)
        {
            sheet.Heading(ReportText.DoubtsHead);
            sheet.Paragraph(ReportText.DoubtsIntroduction, sheet.Plain(Body));
            sheet.Space(4);
            sheet.List(report.Doubts.Select(d => ("•", d.Sentence)), sheet.Plain(Body), Sheet.Left + 12, 2);
        }

        if (report.Conclusion.Length > 0)
        {
            sheet.Heading(ReportText.ConclusionHead);
            sheet.Paragraph(report.Conclusion, sheet.Plain(Body));
        }

        if (report.Members.Count > 0)
        {
            sheet.Heading(ReportText.MembersHead);
            sheet.List(report.Members.Select(m => ("•", $"{m.Name}, {m.Role}")), sheet.Plain(Body), Sheet.Left + 12, 2);
        }
    }

    private static void Notes(Sheet sheet, MissionReport report)
    {
        sheet.Heading(ReportText.NotesHead);
        sheet.List(report.Notes.Select(n => ($"{n.Number}.", ReportText.Note(n))), sheet.Plain(Small), Sheet.Left + 22, 3);
    }

    private static void Seal(Sheet sheet, MissionReport report)
    {
        sheet.Heading(ReportText.SealHead);
        foreach (var sentence in ReportText.Seal(report))
        {
            sheet.Paragraph(sentence, sheet.Plain(Small));
            sheet.Space(2);
        }
    }
}
