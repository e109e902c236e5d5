using System.Globalization;

namespace SecondOpinion.Physician.Worklist;

/// <summary>Says to a physician in French why matching asked; it names no colleague.</summary>
internal static class WhyYou
{
    /// <param name="basis"><c>pathology</c>, <c>specialty</c> or <c>coordinator</c>; null when it is not known.</param>
    /// <param name="considered">How many physicians came into question, this one included.</param>
    /// <param name="rank">1 when asked first.</param>
    public static string? Of(string? basis, int? considered, int? rank)
    {
        var among = considered > 1
            ? $"{considered.Value.ToString(CultureInfo.InvariantCulture)} médecins ont été examinés"
            : "aucun autre médecin ne convenait";
        var before = rank > 1 ? " Un confrère au moins a été sollicité avant vous." : "";
        return basis switch
        {
            "pathology" => $"Vous êtes référent de cette maladie, indépendant de l'équipe qui soigne le patient, et disponible\u00A0; {among}.{before}",
            "specialty" =>
                "Aucun médecin n'est référent de cette maladie\u00A0: vous êtes sollicité pour votre spécialité, indépendant de l'équipe qui soigne le "
                + $"patient, et disponible\u00A0; {among}.{before}",
            "coordinator" => $"Un coordinateur vous a choisi pour ce dossier.{before}",
            _ => null,
        };
    }
}
