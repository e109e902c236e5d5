using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing;

/// <summary>Refusals of this service; a code never changes its meaning.</summary>
internal static class Problems
{
    public static readonly ProblemType TooManyChecks = new("BIL-0001", 429, "Too many eligibility checks", "Trop de vérifications de droits");
    public static readonly ProblemType InsurerExists = new("BIL-0002", 409, "An insurer with this AMC number exists", "Un organisme a déjà ce numéro AMC");
    public static readonly ProblemType RosterOffset = new("BIL-0003", 409, "The upload stands at another offset", "L'envoi en est à une autre position");
    public static readonly ProblemType RosterClosed = new("BIL-0004", 409, "This roster upload is closed", "Cet envoi de fichier est terminé");
    public static readonly ProblemType NoEarlierRoster =
        new("BIL-0005", 409, "There is no such earlier roster version", "Il n'y a pas de version antérieure correspondante");
    public static readonly ProblemType RosterNotWaiting = new("BIL-0006", 409, "This roster does not wait for approval", "Ce fichier n'attend pas d'accord");

    public static readonly IReadOnlyList<ProblemType> All = [TooManyChecks, InsurerExists, RosterOffset, RosterClosed, NoEarlierRoster, RosterNotWaiting];
}
