using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician;

/// <summary>What the physician service refuses, with codes that never change.</summary>
internal static class Problems
{
    public static readonly ProblemType OfferOver =
        new("PHY-0001", 409, "The offer can no longer be answered", "Il n'est plus possible de répondre à cette proposition");
    public static readonly ProblemType FileNotReady = new("PHY-0002", 503, "The file is not ready yet", "Le dossier n'est pas encore accessible");
    public static readonly ProblemType NotNow = new("PHY-0003", 409, "Not possible in the case's present state", "Impossible dans l'état actuel du dossier");
    public static readonly ProblemType NothingToSign = new("PHY-0004", 409, "There is no draft to sign", "Il n'y a pas de brouillon à signer");
    public static readonly ProblemType DraftChanged =
        new("PHY-0005", 409, "The draft changed while it was being signed", "Le brouillon a changé pendant la signature");
    public static readonly ProblemType AlreadyAdmitted = new("PHY-0006", 409, "This physician is already admitted", "Ce médecin est déjà référent");
    public static readonly ProblemType NotAdmitted = new("PHY-0007", 403, "The bearer is not an admitted physician",
        "Le porteur du jeton n'est pas un médecin référent");
    public static readonly ProblemType Suspended = new("PHY-0008", 403, "This physician is suspended", "Ce médecin est suspendu");

    public static Problem SuspendedByCouncil() => Suspended.Because(
        "The scientific council has suspended this physician.", "Le conseil scientifique a suspendu ce médecin.");

    /// <param name="state">Of the physician's own offer; one that is still <c>offered</c> has run out.</param>
    public static Problem OfferIs(WorklistState state) => state == WorklistState.Offered
        ? OfferOver.Because("It expired.", "Le délai de réponse est passé.").With("state", "expired")
        : OfferOver.Because($"It is {state.Word()}.", "Une réponse a déjà été donnée, ou la proposition a été retirée.").With("state", state.Word());

    /// <summary>Intake has not heard of the assignment yet.</summary>
    public static Problem FileComesSoon() => FileNotReady.Because("Try again in a moment.", "Réessayez dans un instant.").RetryAfter(1);

    public static Problem CaseForbidsIt() => NotNow.Because("Intake refuses it in the case's present state.", "L'état actuel du dossier ne le permet pas.");

    public static Problem IntakeCannotRead() => CommonProblems.BadRequest.Because("Intake could not read the request.", "La demande est illisible.");

    public static Problem FileOutOfReach() => CommonProblems.Unavailable.Because(
        "The file cannot be reached for a moment.", "Le dossier est momentanément inaccessible.").RetryAfter(5);

    public static Problem NoDraft() => NothingToSign.Because("Save a draft first.", "Enregistrez d'abord un brouillon.");

    public static Problem DraftIsNewer() => DraftChanged.Because("Read the draft again, then sign it.", "Relisez le brouillon, puis signez-le.");

    public static Problem SavedMeanwhile() => CommonProblems.PreconditionFailed.Because(
        "Another save came first. Read it again.", "Un autre enregistrement est passé avant. Relisez le brouillon.");

    public static Problem InRoster() => AlreadyAdmitted.Because("The RPPS number is in the roster.", "Ce numéro RPPS figure déjà dans la liste.");

    public static Problem NotInRoster() => NotAdmitted.Because(
        "The RPPS number of the token is not in the roster.", "Le numéro RPPS du jeton ne figure pas dans la liste des référents.");

    public static readonly IReadOnlyList<ProblemType> All =
        [OfferOver, FileNotReady, NotNow, NothingToSign, DraftChanged, AlreadyAdmitted, NotAdmitted, Suspended];
}
