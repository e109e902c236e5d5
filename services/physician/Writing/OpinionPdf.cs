using System.Globalization;
using PdfSharp.Drawing;
using PdfSharp.Pdf;

namespace SecondOpinion.Physician.Writing;

/// <summary>Sets a signed opinion as the French PDF that the patient and the treating physician read. It names the référent, never the patient.</summary>
internal static class OpinionPdf
{
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");
    private static readonly TimeZoneInfo Paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");

    /// <summary>PDFsharp keeps process-wide font caches: pages are set one opinion at a time, which takes some tens of milliseconds.</summary>
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    public static async Task<byte[]> Set(OpinionToSign opinion, CancellationToken cancel)
    {
        await OneAtATime.WaitAsync(cancel);
        try
        {
            return Set(opinion);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static byte[] Set(OpinionToSign opinion)
    {
        using var document = new PdfDocument();
        document.Info.Title = $"Deuxième avis médical, dossier {opinion.CaseId}, version {opinion.Version}";
        document.Info.Author = opinion.PhysicianName;
        document.Info.Subject = "Avis médical rendu à distance sur dossier";
        document.Info.CreationDate = opinion.SignedAt.UtcDateTime;
        document.Language = "fr-FR";
        using var sheet = new Sheet(document);

        Title(sheet, opinion);
        Identity(sheet, opinion);
        InShort(sheet, opinion.Content);
        Answers(sheet, opinion);
        Reasoning(sheet, opinion.Content);
        Recommendations(sheet, opinion.Content);
        References(sheet, opinion.Content);
        Signature(sheet, opinion);
        GoodToKnow(sheet, opinion);
        sheet.OnEachPage((graphics, page, pages) => Footer(graphics, opinion, page, pages));

        using var file = new MemoryStream();
        document.Save(file);
        return file.ToArray();
    }

    private static void Title(Sheet sheet, OpinionToSign opinion)
    {
        sheet.Graphics.DrawRectangle(new XSolidBrush(Sheet.Accent), 0, 0, 595.3, 14);
        var title = Sheet.Font(21, bold: true);
        sheet.Graphics.DrawString("Deuxième avis médical", title, new XSolidBrush(Sheet.Accent), Sheet.Left, sheet.Y + 14);
        sheet.Space(24);
        sheet.Paragraph(opinion.PathologyName, Sheet.Font(12), Sheet.Quiet);
        if (opinion.PreviousSignedAt is { } previous)
        {
            sheet.Space(4);
            sheet.Paragraph(
                $"Version {opinion.Version} : elle corrige et remplace la version {opinion.Version - 1}, signée le {Moment(previous)}.", Sheet.Font(9, bold: true), Sheet.Accent);
        }

        sheet.Space(10);
    }

    private static void Identity(Sheet sheet, OpinionToSign opinion)
    {
        (string Label, string Value)[] rows =
        [
            ("Médecin référent", opinion.PhysicianName),
            ("Numéro RPPS", opinion.Rpps),
            ("Signé le", Moment(opinion.SignedAt) + " (heure de Paris)"),
            ("Patient", $"{(opinion.Sex == "F" ? "Femme" : "Homme")}, {Age(opinion.AgeYears)}"),
            ("Référence du dossier", opinion.CaseId.ToString()),
            ("Référence de l’avis", $"{opinion.OpinionId}, version {opinion.Version}"),
        ];
        var label = Sheet.Font(9);
        var value = Sheet.Font(9, bold: true);
        const double LabelWidth = 130;
        const double Pad = 10;
        var heights = rows.Select(r => sheet.HeightOf(r.Value, value, Sheet.Width - LabelWidth - 2 * Pad) + 2).ToList();
        sheet.Graphics.DrawRectangle(new XSolidBrush(Sheet.Tint), Sheet.Left, sheet.Y, Sheet.Width, heights.Sum() + 2 * Pad - 2);
        sheet.Space(Pad);
        foreach (var (row, height) in rows.Zip(heights))
        {
            var y = sheet.Y;
            sheet.Graphics.DrawString(row.Label, label, new XSolidBrush(Sheet.Quiet), Sheet.Left + Pad, y + label.Height * 0.8);
            sheet.Paragraph(row.Value, value, left: Sheet.Left + Pad + LabelWidth, width: Sheet.Width - LabelWidth - 2 * Pad);
            sheet.Y = y + height;
        }

        sheet.Space(Pad);
    }

    /// <summary>The three findings side by side, in words.</summary>
    private static void InShort(Sheet sheet, OpinionContent content)
    {
        sheet.Heading("L’avis en bref");
        (string Label, string Value)[] cells =
        [
            ("Diagnostic", Word(content.Diagnosis!.Value)),
            ("Traitement proposé", Word(content.Treatment!.Value)),
            ("Importance du changement", Word(content.Impact!.Value)),
        ];
        const double Gap = 10;
        const double Height = 44;
        var width = (Sheet.Width - 2 * Gap) / 3;
        foreach (var (index, cell) in cells.Index())
        {
            var x = Sheet.Left + index * (width + Gap);
            sheet.Graphics.DrawRoundedRectangle(new XPen(Sheet.Accent, 0.8), XBrushes.White, x, sheet.Y, width, Height, 6, 6);
            sheet.Graphics.DrawString(cell.Label, Sheet.Font(8), new XSolidBrush(Sheet.Quiet), x + 10, sheet.Y + 16);
            sheet.Graphics.DrawString(cell.Value, Sheet.Font(11.5, bold: true), new XSolidBrush(Sheet.Accent), x + 10, sheet.Y + 33);
        }

        sheet.Space(Height + 2);
    }

    private static void Answers(Sheet sheet, OpinionToSign opinion)
    {
        if (opinion.Questions.Count == 0)
        {
            return;
        }

        sheet.Heading(opinion.Questions.Count == 1 ? "Réponse à votre question" : "Réponses à vos questions");
        foreach (var (index, (question, answer)) in opinion.Questions.Zip(opinion.Content.AnswersToQuestions!).Index())
        {
            sheet.Need(60);
            sheet.Item($"{index + 1}.", question, Sheet.Font(9.5, bold: true));
            sheet.Space(3);
            sheet.Paragraph(answer, Sheet.Font(9.5), left: Sheet.Left + 20);
            sheet.Space(9);
        }
    }

    private static void Reasoning(Sheet sheet, OpinionContent content)
    {
        sheet.Heading("Analyse du dossier");
        foreach (var paragraph in content.Reasoning!)
        {
            sheet.Paragraph(paragraph, Sheet.Font(9.5));
            sheet.Space(7);
        }
    }

    private static void Recommendations(Sheet sheet, OpinionContent content)
    {
        sheet.Heading("Recommandations");
        foreach (var (index, recommendation) in content.Recommendations!.Index())
        {
            sheet.Item($"{index + 1}.", recommendation, Sheet.Font(9.5));
            sheet.Space(5);
        }
    }

    private static void References(Sheet sheet, OpinionContent content)
    {
        if (content.References is not [_, ..] references)
        {
            return;
        }

        sheet.Heading("Références");
        foreach (var reference in references)
        {
            sheet.Item("•", reference, Sheet.Font(8.5), indent: 12, boldMark: false);
            sheet.Space(2);
        }
    }

    private static void Signature(Sheet sheet, OpinionToSign opinion)
    {
        sheet.Need(80);
        sheet.Space(18);
        sheet.Paragraph($"Avis rédigé et signé par {opinion.PhysicianName}", Sheet.Font(10, bold: true), keep: 2);
        sheet.Paragraph($"RPPS {opinion.Rpps}, le {Moment(opinion.SignedAt)} (heure de Paris)", Sheet.Font(9.5));
    }

    private static void GoodToKnow(Sheet sheet, OpinionToSign opinion)
    {
        var font = Sheet.Font(8.5);
        string[] texts =
        [
            "Cet avis a été rendu à distance, à partir des documents transmis et sans examen clinique. Il vous aide à décider avec vos médecins. "
            + "Il ne remplace ni une consultation, ni le suivi par votre médecin traitant. Ne changez pas un traitement en cours sans en parler à un médecin.",
            "En cas d’urgence, appelez le 15 ou le 112.",
            $"Traçabilité de l’acte de télémédecine (article R. 6316-4 du Code de la santé publique) : avis médical à distance sur dossier ; professionnel : {opinion.PhysicianName}, "
            + $"RPPS {opinion.Rpps} ; date et heure : {Moment(opinion.SignedAt)} (heure de Paris) ; avis {opinion.OpinionId}, version {opinion.Version}. "
            + "L’empreinte SHA-256 de ce fichier est conservée par le service : elle permet de vérifier qu’il n’a pas été modifié. Toute correction donne lieu à une nouvelle version.",
        ];
        const double Pad = 10;
        var height = texts.Sum(t => sheet.HeightOf(t, font, Sheet.Width - 2 * Pad) + 4) + 2 * Pad + 16;
        sheet.Space(14);
        sheet.Need(height);
        sheet.Graphics.DrawRectangle(new XSolidBrush(Sheet.Tint), Sheet.Left, sheet.Y, Sheet.Width, height);
        sheet.Space(Pad);
        sheet.Paragraph("À savoir", Sheet.Font(9.5, bold: true), Sheet.Accent, Sheet.Left + Pad);
        sheet.Space(2);
        foreach (var text in texts)
        {
            sheet.Paragraph(text, font, left: Sheet.Left + Pad, width: Sheet.Width - 2 * Pad);
            sheet.Space(4);
        }
    }

    private static void Footer(XGraphics graphics, OpinionToSign opinion, int page, int pages)
    {
        const double Y = 805;
        var font = Sheet.Font(7.5);
        var brush = new XSolidBrush(Sheet.Quiet);
        graphics.DrawLine(new XPen(Sheet.Quiet, 0.4), Sheet.Left, Y - 12, Sheet.Right, Y - 12);
        graphics.DrawString($"Dossier {opinion.CaseId}, avis version {opinion.Version}. Document médical confidentiel.", font, brush, Sheet.Left, Y);
        var number = $"Page {page} sur {pages}";
        graphics.DrawString(number, font, brush, Sheet.Right - graphics.MeasureString(number, font).Width, Y);
    }

    private static string Moment(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, Paris).ToString("d MMMM yyyy 'à' H 'h' mm", French);

    private static string Age(int years) => years < 2 ? $"{years} an" : $"{years} ans";

    private static string Word(Finding finding) => finding switch
    {
        Finding.Confirmed => "Confirmé",
        Finding.Clarified => "Précisé",
        _ => "Modifié",
    };

    private static string Word(Impact impact) => impact switch
    {
        Impact.None => "Aucune",
        Impact.Minor => "Mineure",
        Impact.Moderate => "Modérée",
        _ => "Majeure",
    };
}
