using SecondOpinion.Contracts.Physician;

namespace SecondOpinion.Reporting.Indicators;

/// <summary>What an indicator means, so that nobody has to guess.</summary>
/// <param name="Version">Rises with every change of what is counted, so that figures of two years are compared only when they mean the same.</param>
/// <param name="En">What is counted and how, for operations.</param>
/// <param name="Fr">The same for the scientific council.</param>
internal sealed record IndicatorDefinition(int Version, string En, string Fr);

/// <summary>What each figure means, given with the figure: a number without its definition is misread.</summary>
internal static class Definitions
{
    public static readonly IndicatorDefinition CasesByState = new(
        1,
        "Cases by the state they are in now; a case of which no move is known yet counts as draft.",
        "Dossiers selon leur état actuel ; un dossier dont aucun changement n'est encore connu compte comme brouillon (draft).");

    public static readonly IndicatorDefinition OpinionsDelivered = new(
        1,
        "Cases with a signed opinion; a corrected version of an opinion does not count again.",
        "Dossiers ayant reçu un avis signé ; la version corrigée d'un avis n'est pas comptée une seconde fois.");

    public static readonly IndicatorDefinition SubmissionToDelivery = new(
        1,
        "Hours from the patient's first submission to the first delivery, as the patient lives them: waits included.",
        "Heures entre le premier envoi par le patient et la première remise de l'avis, telles que le patient les vit : attentes comprises.");

    public static readonly IndicatorDefinition CompletionToDelivery = new(
        1,
        "Hours on the 7-day clock: from the complete file to the first delivery, less the time during which the physician waited for information from the "
            + "patient.",
        "Heures au compteur des 7 jours : du dossier complet à la première remise de l'avis, hors temps où le médecin attendait une information du patient.");

    public static readonly IndicatorDefinition WithinSevenDays = new(
        2,
        "Share of opinions delivered with at most 168 hours on the clock, of all delivered and of all open cases whose clock has passed 168 hours: a "
            + "case that is "
            + "overdue counts as late before it ends. Version 1 counted delivered opinions only.",
        "Part des avis remis avec au plus 168 heures au compteur, parmi les avis remis et les dossiers en cours dont le compteur a dépassé 168 heures "
            + ": un dossier "
            + "en retard compte comme tel sans attendre sa fin. La version 1 ne comptait que les avis remis.");

    public static readonly IndicatorDefinition Convergence = new(
        ConvergenceDefinition.Version,
        "Share of opinions (latest version) that changed neither the diagnosis nor the treatment of the first physician: what was clarified "
            + "converges. Version 1 "
            + "asked for both to be confirmed.",
        "Part des avis (dernière version) qui ne changent ni le diagnostic ni le traitement du premier médecin : une précision est une convergence. "
            + "La version 1 "
            + "demandait que les deux soient confirmés.");

    public static readonly IndicatorDefinition ConvergenceNotice = new(
        1,
        "This rate is not a target: it describes, and neither a high nor a low value is better. It is never computed per physician.",
        "Ce taux n'est pas un objectif : il décrit, et aucune valeur, haute ou basse, n'est meilleure. Il n'est jamais calculé par médecin.");

    public static readonly IndicatorDefinition DepartmentClasses = new(
        2,
        "Patients who received an opinion, by the class of the département in which they live, where told (when opening or later). Version 1 counted "
            + "every opened "
            + "case by classes that this service computed.",
        "Patients ayant reçu un avis, selon la classe du département où ils vivent, lorsqu'il est indiqué (à l'ouverture ou plus tard). La version 1 "
            + "comptait tous "
            + "les dossiers ouverts, selon des classes calculées par la plateforme.");

    public static readonly IndicatorDefinition NoDepartmentTable = new(
        1,
        "No table of classes has been loaded: that of the national council of the order of physicians is not published, and this service makes up "
            + "none. Counts by "
            + "département are given instead.",
        "Aucune table de classes n'est chargée : celle du Conseil national de l'Ordre des médecins n'est pas publiée et la plateforme n'en invente "
            + "pas. Les nombres "
            + "par département sont donnés à la place.");

    public static readonly IndicatorDefinition UnofficialTable = new(
        1,
        "These classes were decided for this service; they are not an official zoning.",
        "Ces classes ont été décidées pour ce service ; elles ne sont pas un zonage officiel.");

    public static readonly IndicatorDefinition OfficialTable = new(
        1,
        "Classes at the level of the département hide differences inside it.",
        "Des classes à l'échelle du département masquent les écarts internes.");
}
