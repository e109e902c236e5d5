using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Writing;

/// <summary>Sets a signed opinion as the French PDF that the patient and the treating physician read. It names the référent, never the patient.</summary>
internal sealed class OpinionPdf(Fonts fonts)
{
    private const double Body = 9.5;
    private const double Pad = 10;

    public byte[] Set(OpinionToSign opinion) => PdfFile.Set(
        new PdfAbout(
            $"Deuxième avis médical, dossier {opinion.CaseId}, version {opinion.Version}", opinion.PhysicianName,
            "Avis médical rendu à distance sur dossier", opinion.SignedAt),
        fonts,
        sheet =>
        {
            Title(sheet, opinion);
            Identity(sheet, opinion);
            InShort(sheet, opinion.Content);
            OpinionPdfParts.LaySummary(sheet, opinion.Content);
            OpinionPdfParts.Understood(sheet, opinion.Content);
            Answers(sheet, opinion);
            Reasoning(sheet, opinion.Content);
            OpinionPdfParts.Options(sheet, opinion.Content);
            Recommendations(sheet, opinion.Content);
            OpinionPdfParts.SeeInPerson(sheet, opinion.Content);
            OpinionPdfParts.WouldChangeMyMind(sheet, opinion.Content);
            OpinionPdfParts.ForTreatingPhysician(sheet, opinion.Content);
            References(sheet, opinion.Content);
            Signature(sheet, opinion);
            GoodToKnow(sheet, opinion);
        },
        (page, number, pages) => Footer(page, fonts.Plain(7.5, Sheet.Quiet), opinion, number, pages));

    private static void Title(Sheet sheet, OpinionToSign opinion)
    {
        sheet.Page.Aside(() => sheet.Page.Fill(Sheet.Accent, 0, 0, PdfPage.Width, 14));
        sheet.Y -= 8;
        sheet.Title("Deuxième avis médical");
        sheet.Paragraph(opinion.PathologyName, sheet.Plain(12, Sheet.Quiet));
        if (opinion.PreviousSignedAt is { } previous)
        {
            sheet.Space(4);
            sheet.Paragraph(
                $"Version {opinion.Version} : elle corrige et remplace la version {opinion.Version - 1}, signée le {FrenchTime.Sentence(previous)}.",
                sheet.Strong(9, Sheet.Accent));
            if (opinion.Content.CorrectionReason is { } reason)
            {
                sheet.Paragraph($"Motif de la correction : {reason.Trim()}", sheet.Plain(9));
            }
        }

        sheet.Space(10);
    }

    private static void Identity(Sheet sheet, OpinionToSign opinion)
    {
        (string Label, string Value)[] rows =
        [
            ("Médecin référent", opinion.PhysicianName),
            ("Numéro RPPS", opinion.Rpps),
            ("Signé le", FrenchTime.Sentence(opinion.SignedAt) + " (heure de Paris)"),
            ("Patient", $"{(opinion.Sex == "F" ? "Femme" : "Homme")}, {(opinion.AgeYears < 2 ? $"{opinion.AgeYears} an" : $"{opinion.AgeYears} ans")}"),
            ("Référence du dossier", opinion.CaseId.ToString()),
            ("Référence de l’avis", $"{opinion.OpinionId}, version {opinion.Version}"),
        ];
        const double ValueLeft = Sheet.Left + Pad + 130;
        const double ValueWidth = Sheet.Right - Pad - ValueLeft;
        var label = sheet.Plain(9, Sheet.Quiet);
        var value = sheet.Strong(9);
        var height = rows.Sum(r => sheet.HeightOf(r.Value, value, ValueWidth)) + 2 * Pad;
        sheet.Page.Aside(() => sheet.Page.Fill(Sheet.Tint, Sheet.Left, sheet.Y, Sheet.Width, height));
        sheet.Space(Pad);
        foreach (var row in rows)
        {
            sheet.Pair(row.Label, row.Value, label, value, Sheet.Left + Pad, ValueLeft, ValueWidth);
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
        const double Height = 46;
        const double Width = (Sheet.Width - 2 * Gap) / 3;
        sheet.Space(2);
        foreach (var (index, cell) in cells.Index())
        {
            sheet.Cell(cell.Label, cell.Value, Sheet.Left + index * (Width + Gap), Width, Height);
        }

        sheet.Space(Height);
        OpinionPdfParts.InShort(sheet, content);
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
            sheet.Question($"{index + 1}.", question, sheet.Strong(Body), Sheet.Left + 20);
            sheet.Space(3);
            sheet.Paragraph(answer, sheet.Plain(Body), Sheet.Left + 20);
            sheet.Space(9);
        }
    }

    private static void Reasoning(Sheet sheet, OpinionContent content)
    {
        sheet.Heading("Analyse du dossier");
        foreach (var paragraph in content.Reasoning!)
        {
            sheet.Paragraph(paragraph, sheet.Plain(Body));
            sheet.Space(7);
        }
    }

    private static void Recommendations(Sheet sheet, OpinionContent content)
    {
        sheet.Heading("Recommandations");
        sheet.List(content.Recommendations!.Index().Select(r => ($"{r.Index + 1}.", r.Item)), sheet.Plain(Body), Sheet.Left + 20, 5);
    }

    private static void References(Sheet sheet, OpinionContent content)
    {
        if (content.References is not [_, ..] references)
        {
            return;
        }

        sheet.Heading("Références");
        sheet.List(references.Index().Select(r => ($"{r.Index + 1}.", r.Item)), sheet.Plain(8.5), Sheet.Left + 16, 2);
    }

    private static void Signature(Sheet sheet, OpinionToSign opinion)
    {
        sheet.Need(70);
        sheet.Space(18);
        sheet.Paragraph($"Avis rédigé et signé par {opinion.PhysicianName}", sheet.Strong(10));
        sheet.Paragraph($"RPPS {opinion.Rpps}, le {FrenchTime.Sentence(opinion.SignedAt)} (heure de Paris)", sheet.Plain(Body));
    }

    private static void GoodToKnow(Sheet sheet, OpinionToSign opinion)
    {
        var style = sheet.Plain(8.5);
        string[] texts =
        [
            "Cet avis a été rendu à distance, à partir des documents transmis et sans examen clinique. Il vous aide à décider avec vos médecins. "
            + "Il ne remplace ni une consultation, ni le suivi par votre médecin traitant. Ne changez pas un traitement en cours sans en parler à un médecin.",
            "En cas d’urgence, appelez le 15 ou le 112.",
            $"Traçabilité : avis médical à distance sur dossier ; professionnel : {opinion.PhysicianName}, "
            + $"RPPS {opinion.Rpps} ; date et heure : {FrenchTime.Sentence(opinion.SignedAt)} (heure de Paris) ; avis {opinion.OpinionId}, version "
            + $"{opinion.Version}. "
            + "L’empreinte SHA-256 de ce fichier est conservée par le service : elle permet de vérifier qu’il n’a pas été modifié. Toute correction donne "
            + "lieu à une nouvelle version.",
        ];
        var title = sheet.Strong(Body, Sheet.Accent);
        var height = title.LineHeight + texts.Sum(t => sheet.HeightOf(t, style, Sheet.Width - 2 * Pad) + 4) + 2 * Pad - 2;
        sheet.Space(14);
        sheet.Need(height);
        sheet.Page.Aside(() => sheet.Page.Fill(Sheet.Tint, Sheet.Left, sheet.Y, Sheet.Width, height));
        sheet.Space(Pad);
        sheet.Paragraph("À savoir", title, Sheet.Left + Pad);
        sheet.Space(2);
        foreach (var text in texts)
        {
            sheet.Paragraph(text, style, Sheet.Left + Pad, Sheet.Width - 2 * Pad);
            sheet.Space(4);
        }
    }

    private static void Footer(PdfPage page, Style style, OpinionToSign opinion, int number, int pages)
    {
        const double Y = 806;
        page.Line(Sheet.Quiet, 0.4, Sheet.Left, Sheet.Right, Y - 12);
        page.Text($"Dossier {opinion.CaseId}, avis version {opinion.Version}. Document médical confidentiel.", style, Sheet.Left, Y);
        var place = $"Page {number} sur {pages}";
        page.Text(place, style, Sheet.Right - style.Measure(place), Y);
    }

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
