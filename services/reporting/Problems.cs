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

    public static readonly ProblemType YearNotOver =
        new ProblemType("REP-0003", 409, "The year is not over", "L'année n'est pas terminée")
        .Explained(
            "Un rapport de mission porte sur une année civile terminée : deux rapports de la même année, à un jour d'écart, diraient qui est venu entre "
                + "les deux.",
            "Le rapport de l'année en cours est demandé en novembre.",
            "Demandez une année terminée. Pour l'année en cours, ReadIndicators donne les indicateurs à ce jour.");

    public static Problem ThisYearIsNotOver(int year) => YearNotOver.Because(
        $"The year {year} is not over in Paris: ask for a year that has ended, or read the indicators of today at /api/v1/reports/indicators.",
        $"L'année {year} n'est pas terminée : demandez une année terminée, ou lisez les indicateurs du jour à /api/v1/reports/indicators.");

    public static readonly ProblemType LinkSpent =
        new ProblemType("REP-0004", 410, "This link was used or has expired", "Ce lien a déjà servi ou a expiré")
        .Explained(
            "Le lien d'une enquête sert une fois, pendant soixante jours.",
            "La réponse a déjà été envoyée, ou le message date de plus de deux mois.",
            "Il n'y a rien à refaire : une réponse envoyée est enregistrée, sans votre nom. Si le lien n'a jamais servi, il est trop ancien.");

    public static Problem DeclaredMeanwhile() => CommonProblems.PreconditionFailed.Because(
        "Somebody changed it at the same moment. Read it again and repeat your change.",
        "L'objet a changé au même moment. Relisez-le puis refaites votre modification.");

    public static Problem ThisLinkIsSpent() => LinkSpent.Because(
        "The link was used, has expired or never existed: an answer that was sent is recorded, and there is no second one.",
        "Le lien a déjà servi, a expiré ou n'a jamais existé : une réponse envoyée est enregistrée, et il n'y en a pas de seconde.");

    public static readonly IReadOnlyList<ProblemType> All = [PeriodReversed, TableVersionTaken, YearNotOver, LinkSpent];
}
