using SecondOpinion.ServiceDefaults.Problems;

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
    public static readonly ProblemType NotAdmitted =
        new("PHY-0007", 403, "The bearer is not an admitted physician", "Le porteur du jeton n'est pas un médecin référent");

    public static readonly IReadOnlyList<ProblemType> All =
        [OfferOver, FileNotReady, NotNow, NothingToSign, DraftChanged, AlreadyAdmitted, NotAdmitted];
}
