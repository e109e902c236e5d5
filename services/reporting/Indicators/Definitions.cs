namespace SecondOpinion.Reporting.Indicators;

/// <param name="En">What is counted and how, for operations.</param>
/// <param name="Fr">The same for the scientific council.</param>
public sealed record IndicatorDefinition(string En, string Fr);

/// <summary>What each figure means, given with the figure: a number without its definition is misread.</summary>
internal static class Definitions
{
    public static readonly IndicatorDefinition CasesByState = new(
        "Cases by the state they are in now; a case of which no move is known yet counts as draft.",
        "Dossiers selon leur état actuel ; un dossier dont aucun changement n'est encore connu compte comme brouillon (draft).");

    public static readonly IndicatorDefinition OpinionsDelivered = new(
        "Cases with a signed opinion; a corrected version of an opinion does not count again.",
        "Dossiers ayant reçu un avis signé ; la version corrigée d'un avis n'est pas comptée une seconde fois.");

    public static readonly IndicatorDefinition SubmissionToDelivery = new(
        "Hours from the patient's first submission to the first delivery, as the patient lives them: waits included.",
        "Heures entre le premier envoi par le patient et la première remise de l'avis, telles que le patient les vit : attentes comprises.");

    public static readonly IndicatorDefinition CompletionToDelivery = new(
        "Hours on the 7-day clock: from the complete file to the first delivery, less the time during which the physician waited for information from the "
            + "patient.",
        "Heures au compteur des 7 jours : du dossier complet à la première remise de l'avis, hors temps où le médecin attendait une information du patient.");

    public static readonly IndicatorDefinition WithinSevenDays = new(
        "Share of delivered opinions whose clock showed at most 168 hours.",
        "Part des avis remis dont le compteur indiquait au plus 168 heures.");

    public static readonly IndicatorDefinition Convergence = new(
        "Share of opinions (latest version) that confirmed both the diagnosis and the treatment of the first physician.",
        "Part des avis (dernière version) qui confirment à la fois le diagnostic et le traitement du premier médecin.");

    public static readonly IndicatorDefinition ConvergenceNotice = new(
        "This rate is not a target: it describes, and neither a high nor a low value is better. It is never computed per physician.",
        "Ce taux n'est pas un objectif : il décrit, et aucune valeur, haute ou basse, n'est meilleure. Il n'est jamais calculé par médecin.");

    public static readonly IndicatorDefinition DepartmentClasses = new(
        "Opened cases by access to physicians in the patient's département, where told. A construction of this platform at département level: it hides "
            + "differences inside a département and is not an official zoning.",
        "Dossiers ouverts selon l'accès aux médecins dans le département du patient, lorsqu'il est indiqué. Construction de la plateforme à l'échelle du "
            + "département : elle masque les écarts internes et n'est pas un zonage officiel.");
}
