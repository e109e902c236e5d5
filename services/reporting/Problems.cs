using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting;

internal static class Problems
{
    public static readonly ProblemType PeriodReversed =
        new ProblemType("REP-0001", 400, "The period ends before it begins", "La période se termine avant de commencer")
        .Explained(
            "La période demandée se termine avant de commencer.",
            "Les deux dates sont inversées : du 30 novembre au 1er novembre.",
            "Échangez « openedFrom » et « openedTo », ou laissez-en une de côté.");

    public static Problem EndsBeforeItBegins() => PeriodReversed.Because(
        "`openedFrom` must not be after `openedTo`.", "« openedFrom » ne peut pas être après « openedTo ».",
        new FieldError("#/openedFrom", "after_openedTo", "Date postérieure à « openedTo »."));

    public static readonly ProblemType TableVersionTaken =
        new ProblemType("REP-0002", 409, "Another table has this version", "Une autre table porte déjà ce numéro de version")
        .Explained(
            "Une autre table de départements porte déjà ce numéro de version, et une version chargée ne change plus.",
            "La table corrigée est envoyée sous le numéro de la précédente.",
            "Envoyez-la sous le numéro suivant ; les indicateurs déjà publiés gardent leur version.");

    public static Problem AnotherTableHasThisVersion(int version) => TableVersionTaken.Because(
        $"Version {version} is loaded with other content, and a loaded version never changes: send this table under the next number.",
        $"La version {version} existe avec un autre contenu et ne change plus : envoyez cette table sous le numéro suivant.");

    public static readonly IReadOnlyList<ProblemType> All = [PeriodReversed, TableVersionTaken];
}
