using System.Globalization;

namespace SecondOpinion.Intake.Overview;

/// <summary>Says to the patient in French why this physician was chosen; it names nobody.</summary>
internal static class PhysicianChoice
{
    /// <param name="basis"><c>pathology</c>, <c>specialty</c> or <c>coordinator</c>; null while nobody has accepted.</param>
    /// <param name="considered">How many physicians came into question.</param>
    public static string? Of(string? basis, int? considered)
    {
        const string Rules =
            "Il ne travaille pas là où vous êtes soigné, ne fait pas partie des médecins qui vous suivent, et a le temps de lire votre dossier.";
        var among = considered > 1
            ? $" {considered.Value.ToString(CultureInfo.InvariantCulture)} médecins ont été examinés. Ce qu'ils concluent d'habitude n'a pas compté."
            : "";
        return basis switch
        {
            "pathology" => $"Votre médecin est référent de votre maladie. {Rules}{among}",
            "specialty" => $"Aucun médecin n'est référent de votre maladie\u00A0: le vôtre est de la spécialité qui la soigne. {Rules}{among}",
            "coordinator" => $"Un coordinateur a choisi votre médecin pour votre dossier. {Rules}",
            _ => null,
        };
    }
}
