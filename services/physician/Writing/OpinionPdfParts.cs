using SecondOpinion.ServiceDefaults.Pdf;

namespace SecondOpinion.Physician.Writing;

/// <summary>The parts of an opinion that a physician may leave out: each is set only when it was written.</summary>
internal static class OpinionPdfParts
{
    private const double Body = 9.5;
    private const double Indent = Sheet.Left + 12;

    /// <summary>Below the three findings: how soon, and what kind of care instead.</summary>
    public static void InShort(Sheet sheet, OpinionContent content)
    {
        if (content.Urgency is { } urgency)
        {
            sheet.Space(8);
            sheet.Paragraph($"Délai : {Word(urgency)}.", sheet.Strong(Body));
        }

        if (content.AlternativeCare is [_, ..] care)
        {
            sheet.Space(4);
            sheet.Paragraph($"Soins proposés à la place : {string.Join(", ", care.Select(Word))}.", sheet.Plain(Body));
        }
    }

    public static void LaySummary(Sheet sheet, OpinionContent content)
    {
        if (string.IsNullOrWhiteSpace(content.LaySummary))
        {
            return;
        }

        sheet.Heading("Version simplifiée");
        foreach (var line in content.LaySummary.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            sheet.Paragraph(line, sheet.Plain(11));
            sheet.Space(3);
        }
    }

    public static void Understood(Sheet sheet, OpinionContent content) => Text(sheet, "Ce que j’ai compris de votre situation", content.Understood);

    /// <summary>Side by side in the same form, so that they can be compared.</summary>
    public static void Options(Sheet sheet, OpinionContent content)
    {
        if (content.Options is not [_, ..] options)
        {
            return;
        }

        sheet.Heading("Les options comparées");
        foreach (var (index, option) in options.Index())
        {
            sheet.Need(90);
            sheet.Question($"{index + 1}.", option.Name!, sheet.Strong(Body), Sheet.Left + 20);
            sheet.Space(3);
            Effects(sheet, "Ce qu’elle peut apporter", option.Benefits!);
            Effects(sheet, "Ce qu’elle peut coûter", option.Risks!);
            var sources = option.References is [_, ..] numbers ? $" ({(numbers.Count == 1 ? "référence" : "références")} {string.Join(", ", numbers)})" : "";
            sheet.Paragraph($"Niveau de preuve : {Word(option.Evidence!.Value)}{sources}.", sheet.Plain(8.5, Sheet.Quiet), Sheet.Left + 20);
            sheet.Space(9);
        }
    }

    public static void SeeInPerson(Sheet sheet, OpinionContent content)
    {
        if (content.SeeInPerson is { } place)
        {
            Text(sheet, "À voir en consultation", $"{place.Where!.Trim().TrimEnd('.')}. Délai : {Word(place.Urgency!.Value)}."
                + (string.IsNullOrWhiteSpace(place.Why) ? "" : $"\n{place.Why.Trim()}"));
        }
    }

    public static void WouldChangeMyMind(Sheet sheet, OpinionContent content)
    {
        if (content.WouldChangeMyMind is [_, ..] reasons)
        {
            sheet.Heading("Ce qui me ferait changer d’avis");
            sheet.List(reasons.Select(r => ("•", r)), sheet.Plain(Body), Indent, 4);
        }
    }

    public static void ForTreatingPhysician(Sheet sheet, OpinionContent content) =>
        Text(sheet, "À l’attention du médecin traitant", content.AdviceToTreatingPhysician);

    private static void Text(Sheet sheet, string heading, string? text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            sheet.Heading(heading);
            sheet.Paragraph(text.Trim(), sheet.Plain(Body));
        }
    }

    private static void Effects(Sheet sheet, string label, IReadOnlyList<CareEffect> effects)
    {
        sheet.Paragraph(label, sheet.Plain(8.5, Sheet.Quiet), Sheet.Left + 20);
        sheet.List(effects.Select(e => ("•", e.Sentence())), sheet.Plain(Body), Sheet.Left + 20, 2);
        sheet.Space(3);
    }

    private static string Word(Urgency urgency) => urgency switch
    {
        Urgency.NoHurry => "vous avez le temps de choisir",
        Urgency.Weeks => "dans les semaines qui viennent",
        Urgency.Days => "dans les jours qui viennent",
        _ => "dès maintenant",
    };

    private static string Word(AlternativeCare care) => care switch
    {
        AlternativeCare.NonSurgical => "sans opération",
        AlternativeCare.LessInvasive => "une intervention moins lourde",
        AlternativeCare.OtherSurgery => "une autre opération",
        AlternativeCare.OtherMedicine => "un autre médicament ou une autre dose",
        AlternativeCare.WatchfulWaiting => "une surveillance",
        AlternativeCare.FurtherTests => "des examens avant de décider",
        AlternativeCare.Multidisciplinary => "une décision à plusieurs spécialités",
        _ => "des soins de soutien",
    };

    private static string Word(Evidence evidence) => evidence switch
    {
        Evidence.A => "preuve établie (grade A)",
        Evidence.B => "présomption (grade B)",
        Evidence.C => "faible (grade C)",
        _ => "accord d’experts",
    };
}
