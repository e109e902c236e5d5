using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake;

/// <summary>The refusals of intake. A code is never reused for something else.</summary>
internal static class Problems
{
    public static readonly ProblemType WrongState = new("INT-0001", 409, "The case does not allow that now", "Le dossier ne permet pas cela maintenant");
    public static readonly ProblemType ConsentMissing =
        new("INT-0002", 409, "The consent to processing is missing", "Il manque l'accord pour le traitement des données");
    public static readonly ProblemType DocumentEmpty = new("INT-0003", 400, "The file is empty", "Le fichier est vide");
    public static readonly ProblemType DocumentTypeRefused = new("INT-0004", 415, "This kind of file is not accepted", "Ce type de fichier n'est pas accepté");
    public static readonly ProblemType DocumentDamaged = new("INT-0005", 422, "The file is damaged or incomplete", "Le fichier est abîmé ou incomplet");
    public static readonly ProblemType DocumentTooLarge = new("INT-0006", 413, "The file is too large", "Le fichier est trop volumineux");
    public static readonly ProblemType DocumentDisguised =
        new("INT-0007", 415, "The file is a program in disguise", "Le fichier contient un programme déguisé");
    public static readonly ProblemType TooManyDocuments = new("INT-0008", 409, "The case holds too many documents", "Le dossier contient trop de documents");
    public static readonly ProblemType OtherQuestionnaire =
        new("INT-0009", 409, "The answers belong to another questionnaire", "Les réponses correspondent à un autre questionnaire");
    public static readonly ProblemType NoOpinionYet = new("INT-0010", 404, "There is no opinion yet", "Il n'y a pas encore d'avis");
    public static readonly ProblemType CoverageQuestionInvalid =
        new("INT-0011", 400, "The insurer cannot read the member's details", "La complémentaire ne peut pas lire les informations d'adhérent");
    public static readonly ProblemType InformationAlreadyGiven =
        new("INT-0012", 409, "This question was already answered", "Cette question a déjà reçu une réponse");

    public static readonly ProblemType CaseFull = new("INT-0020", 413, "The documents together are too large", "Les documents sont trop volumineux ensemble");

    public static readonly ProblemType DocumentLocked = new("INT-0021", 422, "The file needs a password", "Le fichier demande un mot de passe");
    public static readonly ProblemType DocumentIndexOnly =
        new("INT-0022", 422, "The file is only the index of a CD", "Le fichier n'est que le sommaire d'un CD");

    public static readonly IReadOnlyList<ProblemType> All =
    [
        .. CommonProblems.All, WrongState, ConsentMissing, DocumentEmpty, DocumentTypeRefused, DocumentDamaged, DocumentTooLarge, DocumentDisguised,
        TooManyDocuments, CaseFull, DocumentLocked, DocumentIndexOnly, OtherQuestionnaire, NoOpinionYet, CoverageQuestionInvalid, InformationAlreadyGiven,
    ];
}
