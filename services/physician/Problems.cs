using SecondOpinion.Physician.Council;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician;

/// <summary>What the physician service refuses, with codes that never change.</summary>
internal static class Problems
{
    public static readonly ProblemType OfferOver =
        new ProblemType("PHY-0001", 409, "The offer can no longer be answered", "Il n'est plus possible de répondre à cette proposition")
        .Explained(
            "La proposition a expiré, a été retirée, ou a déjà reçu une réponse.",
            "Le médecin accepte le lendemain, alors que le dossier a été proposé à un confrère.",
            "Relisez la liste de travail : d'autres propositions y figurent peut-être. Il n'y a rien à corriger.");
    public static readonly ProblemType FileNotReady = new ProblemType("PHY-0002", 503, "The file is not ready yet", "Le dossier n'est pas encore accessible")
        .Explained(
            "Le dossier vient d'être accepté et n'est pas encore ouvert au médecin.",
            "L'application ouvre le dossier dans la seconde qui suit l'acceptation.",
            "Répétez la lecture après Retry-After, le temps que l'acceptation y parvienne.");
    public static readonly ProblemType NotNow =
        new ProblemType("PHY-0003", 409, "Not possible in the case's present state", "Impossible dans l'état actuel du dossier")
        .Explained(
            "L'état du dossier ne permet pas cette action du médecin.",
            "Poser une question alors qu'une autre attend encore sa réponse, ou signer un dossier retiré.",
            "Relisez le dossier dans la liste de travail avant de recommencer.");
    public static readonly ProblemType NothingToSign = new ProblemType("PHY-0004", 409, "There is no draft to sign", "Il n'y a pas de brouillon à signer")
        .Explained(
            "Il n'y a rien à signer : aucun brouillon n'est enregistré depuis la dernière signature.",
            "L'application signe avant d'avoir enregistré le texte.",
            "Enregistrez l'avis par SaveDraft, relisez-le, puis signez-le.");
    public static readonly ProblemType DraftChanged =
        new ProblemType("PHY-0005", 409, "The draft changed while it was being signed", "Le brouillon a changé pendant la signature")
        .Explained(
            "Le brouillon a changé entre sa lecture et sa signature : ce qui serait signé n'est pas ce qui a été relu.",
            "L'avis est modifié dans une autre fenêtre pendant la signature.",
            "Relisez le brouillon et signez-le avec son ETag dans If-Match.");
    public static readonly ProblemType AlreadyAdmitted = new ProblemType("PHY-0006", 409, "This physician is already admitted", "Ce médecin est déjà référent")
        .Explained(
            "Ce numéro RPPS figure déjà dans la liste des médecins référents.",
            "Le conseil enregistre une deuxième fois la même personne.",
            "Cherchez-la par ListPhysicians ; une suspension ou une absence se modifie sans nouvelle admission.");
    public static readonly ProblemType NotAdmitted = new ProblemType("PHY-0007", 403, "The bearer is not an admitted physician",
        "Le porteur du jeton n'est pas un médecin référent")
        .Explained(
            "Le numéro RPPS du jeton n'est pas celui d'un médecin admis comme référent.",
            "Un médecin se connecte avant la décision du conseil scientifique.",
            "Demandez l'admission au conseil scientifique ; le même jeton suffit ensuite.");
    public static readonly ProblemType Suspended = new ProblemType("PHY-0008", 403, "This physician is suspended", "Ce médecin est suspendu")
        .Explained(
            "Le conseil scientifique a suspendu ce médecin.",
            "Une vérification est en cours à l'Ordre.",
            "Adressez-vous au conseil scientifique, qui peut lever la suspension.");

    public static readonly ProblemType RegisterAway =
        new ProblemType("PHY-0009", 503, "The national directory does not answer", "L'Annuaire santé ne répond pas")
        .Explained(
            "Le numéro RPPS se vérifie dans l'Annuaire santé, qui ne répond pas en ce moment.",
            "L'Annuaire santé est en maintenance pendant une admission.",
            "Répétez après Retry-After, ou cherchez vous-même le médecin dans l'Annuaire santé et indiquez foundInRegister.");

    public static readonly ProblemType AlreadyBefore =
        new ProblemType("PHY-0020", 409, "An application of this physician is open", "Un dossier de ce médecin est déjà devant le conseil")
        .Explained(
            "Un dossier du même médecin attend déjà la décision du conseil scientifique.",
            "Deux membres ouvrent le dossier du même candidat le même jour.",
            "Cherchez-le par ListApplications, et donnez votre avis dans celui-là.");
    public static readonly ProblemType Decided =
        new ProblemType("PHY-0021", 409, "The application is decided", "Le dossier est déjà décidé")
        .Explained(
            "Les votes ont été comptés : plus rien ne s'ajoute à ce dossier.",
            "Un membre vote après la décision.",
            "Relisez la décision ; une nouvelle demande ouvre un nouveau dossier.");
    public static readonly ProblemType NoPart =
        new ProblemType("PHY-0022", 409, "The member has no part in this application", "Vous ne prenez pas part à ce dossier")
        .Explained(
            "Ce membre a déclaré un lien avec le candidat, ou deux autres membres ont déjà relu le dossier.",
            "Un troisième membre veut relire le dossier.",
            "Laissez les autres membres décider ; sans lien déclaré, vous pouvez voter.");
    public static readonly ProblemType GivenAlready =
        new ProblemType("PHY-0023", 409, "Reviews and votes are final", "Un avis ou un vote donné ne change plus")
        .Explained(
            "Ce membre a déjà donné un autre avis ou un autre vote sur ce dossier.",
            "Un membre voudrait changer son vote.",
            "Un vote est définitif. Si un lien vous est apparu depuis, déclarez-le : votre vote ne comptera plus.");
    public static readonly ProblemType TooEarly =
        new ProblemType("PHY-0024", 409, "The council cannot decide yet", "Le conseil ne peut pas encore décider")
        .Explained(
            "Il manque un avis de relecteur ou des votes.",
            "Les votes sont comptés avant le quorum.",
            "« detail » dit ce qui manque ; recommencez quand ce sera là.");

    public static Problem OpenAlready() => AlreadyBefore.Because(
        "An application of this RPPS number waits for a decision.", "Un dossier de ce numéro RPPS attend une décision.");

    public static Problem DecidedAlready(ApplicationState state) =>
        Decided.Because($"It is {state.Word()}.", state == ApplicationState.Admitted ? "Le médecin a été admis." : "Le médecin n'a pas été admis.");

    public static Problem HasConflict() => NoPart.Because(
        "The member declared a conflict of interest.", "Vous avez déclaré un lien avec ce médecin.");

    public static Problem ReviewedByOthers() => NoPart.Because(
        "It has its reviews; the member may vote.", "Les relecteurs ont déjà donné leur avis ; vous pouvez voter.");

    public static Problem Final() => GivenAlready.Because("What was given stays.", "Ce qui a été donné reste.");

    public static Problem NotReviewed(int given, int needed) => TooEarly.Because(
        $"{given} of {needed} reviews are there.", $"Il y a {given} avis de relecteurs sur {needed}.");

    public static Problem NoQuorum(int cast, int quorum) => TooEarly.Because(
        $"{cast} votes were cast, the quorum is {quorum}.", $"Il y a {cast} votes, le quorum est de {quorum}.");

    public static Problem EverySeatVoted(int members) => NoPart.Because(
        $"All {members} seats have voted.", $"Les {members} sièges ont voté.");

    public static Problem RegisterIsAway() => RegisterAway.Because(
        "The national directory (Annuaire santé) does not answer. Try again, or look there yourself and send foundInRegister.",
        "Réessayez dans quelques minutes, ou cherchez vous-même le médecin dans l'Annuaire santé et indiquez foundInRegister.").RetryAfter(60);

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
        [OfferOver, FileNotReady, NotNow, NothingToSign, DraftChanged, AlreadyAdmitted, NotAdmitted, Suspended, RegisterAway, AlreadyBefore,
            Decided, NoPart, GivenAlready, TooEarly];
}
