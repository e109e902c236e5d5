namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>Refusals that every service may give. Codes of one service live in its own <c>Problems.cs</c>.</summary>
public static class CommonProblems
{
    public static readonly ProblemType BadRequest = new ProblemType("REQ-0001", 400, "The request cannot be read", "La demande est illisible")
        .Explained(
            "Le corps de la demande n'est pas du JSON lisible, ou un membre manque, figure deux fois, est inconnu ou n'a pas la forme attendue.",
            "Le corps contient « name » deux fois, ou un nombre entre guillemets là où un nombre seul est attendu.",
            "Le champ « errors » désigne le membre et sa forme. Corrigez-le d'après la description de l'opération dans /docs, puis envoyez la demande "
                + "de nouveau.");
    public static readonly ProblemType InvalidInput = new ProblemType("REQ-0002", 400, "Some fields are not valid", "Certains champs ne sont pas valides")
        .Explained(
            "La demande est lisible, mais une ou plusieurs valeurs ne conviennent pas.",
            "Une date de naissance dans le futur, ou un numéro de sécurité sociale dont la clé est fausse.",
            "Chaque ligne de « errors » désigne une valeur et dit ce qui est attendu. Montrez ces phrases à côté des champs du formulaire et laissez "
                + "corriger.");
    public static readonly ProblemType Unauthenticated = new ProblemType("REQ-0003", 401, "A valid token is needed", "Un jeton valide est nécessaire")
        .Explained(
            "La demande ne porte pas de jeton, ou le jeton n'est pas acceptable.",
            "L'en-tête Authorization manque, ou le jeton a expiré pendant que la page restait ouverte.",
            "Demandez un nouveau jeton à l'émetteur, puis renvoyez la demande avec l'en-tête Authorization, le mot Bearer, une espace et le jeton.");
    public static readonly ProblemType Forbidden = new ProblemType("REQ-0004", 403, "This token may not do that", "Ce jeton ne donne pas ce droit")
        .Explained(
            "Le jeton est bon, mais son rôle n'ouvre pas cette opération, ou il lui manque une information que ce rôle exige.",
            "Une mutuelle demande un dossier médical, ou le jeton d'un médecin ne porte pas son numéro RPPS.",
            "Vérifiez les rôles indiqués pour l'opération dans /docs et connectez-vous avec le compte qui convient. Renvoyer la même demande ne sert à "
                + "rien.");
    public static readonly ProblemType NotFound = new ProblemType("REQ-0005", 404, "Nothing here", "Introuvable")
        .Explained(
            "Rien ne se trouve à cette adresse, ou ce qui s'y trouve appartient à quelqu'un d'autre : la réponse est la même.",
            "L'identifiant d'un dossier a été mal recopié, ou le dossier a été ouvert par un autre compte.",
            "Reprenez l'identifiant tel qu'une liste ou une création l'a donné, et le compte qui l'a reçu.");
    public static readonly ProblemType MethodNotAllowed =
        new ProblemType("REQ-0006", 405, "This method is not supported here", "Cette méthode n'est pas possible ici")
        .Explained(
            "L'adresse existe, mais pas avec cette méthode HTTP.",
            "DELETE sur un dossier : un dossier se retire par POST sur son adresse suivie de /withdraw.",
            "L'en-tête Allow de la réponse donne les méthodes possibles ; /docs les décrit.");
    public static readonly ProblemType TooLarge = new ProblemType("REQ-0007", 413, "The request is too large", "La demande est trop volumineuse")
        .Explained(
            "Le corps de la demande dépasse la taille que cette opération accepte. Il n'a pas été lu en entier et rien n'a été enregistré.",
            "Un corps JSON de plus d'un mégaoctet, ou plus d'octets d'un fichier de bénéficiaires qu'annoncé.",
            "Envoyez moins à la fois. Un fichier de bénéficiaires s'annonce avec sa taille exacte, en octets, tel qu'il est envoyé.");
    public static readonly ProblemType UnsupportedMediaType =
        new ProblemType("REQ-0008", 415, "This content type is not supported", "Ce type de contenu n'est pas accepté")
        .Explained(
            "Le type du contenu, son encodage ou son jeu de caractères n'est pas accepté ici.",
            "Un formulaire (application/x-www-form-urlencoded) au lieu de JSON, ou un fichier compressé par Content-Encoding.",
            "Envoyez du JSON en UTF-8 avec Content-Type application/json ; un fichier s'envoie tel quel, sans Content-Encoding.");
    public static readonly ProblemType TooManyRequests = new ProblemType("REQ-0009", 429, "Too many requests", "Trop de demandes")
        .Explained(
            "Ce client, cette personne ou cette adresse a envoyé trop de demandes dans le temps prévu, ou trop en même temps.",
            "Un programme redemande l'état d'un import plusieurs fois par seconde.",
            "Attendez le nombre de secondes de l'en-tête Retry-After. Les en-têtes RateLimit et RateLimit-Policy disent d'avance ce qui reste.");
    public static readonly ProblemType IdempotencyKeyMissing =
        new ProblemType("REQ-0010", 400, "An Idempotency-Key header is needed", "L'en-tête Idempotency-Key est nécessaire")
        .Explained(
            "Cette opération crée quelque chose ou engage une dépense : sans clé, une répétition pourrait le faire deux fois.",
            "Un POST sur /api/v1/cases sans en-tête Idempotency-Key. Le corps n'a pas été lu.",
            "Tirez un UUID pour chaque tentative de l'utilisateur, envoyez-le dans Idempotency-Key, et reprenez le même quand vous répétez.");
    public static readonly ProblemType IdempotencyKeyReused =
        new ProblemType("REQ-0011", 422, "This Idempotency-Key was used with another request", "Cette clé Idempotency-Key a servi à une autre demande")
        .Explained(
            "La clé Idempotency-Key a déjà servi, dans les 24 heures, à une demande dont le contenu était différent.",
            "Une clé fixe dans le programme, ou une clé gardée après que l'utilisateur a corrigé le formulaire.",
            "Prenez une nouvelle clé pour la nouvelle demande. La même clé ne sert qu'à répéter la même demande.");
    public static readonly ProblemType IdempotencyInFlight =
        new ProblemType("REQ-0012", 409, "The same request is still running", "La même demande est encore en cours")
        .Explained(
            "La première demande avec cette clé Idempotency-Key est encore en cours.",
            "Un double clic, ou un réseau lent qui a fait répéter la demande avant sa réponse.",
            "Répétez la même demande, avec la même clé, après Retry-After : vous recevrez la réponse de la première.");
    public static readonly ProblemType PreconditionRequired =
        new ProblemType("REQ-0013", 428, "An If-Match header is needed", "L'en-tête If-Match est nécessaire")
        .Explained(
            "Cette opération remplace quelque chose : sans version lue, elle pourrait effacer le travail d'une autre personne.",
            "Un PUT sur les réponses d'un dossier sans en-tête If-Match.",
            "Lisez l'objet par GET et renvoyez son en-tête ETag, guillemets compris, dans If-Match.");
    public static readonly ProblemType PreconditionFailed = new ProblemType("REQ-0014", 412, "The object has changed meanwhile", "L'objet a changé entre-temps")
        .Explained(
            "L'objet n'est plus dans la version que vous avez lue.",
            "Le patient et l'agent du téléphone remplissent le même dossier, et l'autre a enregistré le premier.",
            "Relisez l'objet, montrez ce qui a changé, refaites votre modification, puis envoyez-la avec le nouvel ETag.");
    public static readonly ProblemType Unavailable =
        new ProblemType("REQ-0015", 503, "A part of the service is away for a moment", "Une partie du service est indisponible pour un instant")
        .Explained(
            "Une partie dont la réponse a besoin (base de données, autre service) ne répond pas pour un instant.",
            "Un redémarrage, une mise à jour, une coupure du réseau de quelques secondes.",
            "Répétez après Retry-After, avec la même clé Idempotency-Key si l'opération en demande une.");
    public static readonly ProblemType Unexpected =
        new ProblemType("REQ-0016", 500, "Something went wrong on our side", "Une erreur s'est produite de notre côté")
        .Explained(
            "Une erreur de notre part, que la demande n'explique pas. Elle est enregistrée avec son traceId.",
            "Un défaut du programme, rencontré par une suite de demandes que nous n'avions pas prévue.",
            "Répétez une fois. Si l'erreur revient, donnez le traceId à l'assistance : il suffit pour retrouver ce qui s'est passé.");
    public static readonly ProblemType StorageFull =
        new ProblemType("REQ-0017", 507, "There is no room left to store this", "Il n'y a plus de place pour enregistrer cela")
        .Explained(
            "Le volume où les fichiers sont conservés n'a presque plus de place. Le reste du service fonctionne.",
            "Un document de 200 mégaoctets arrive alors qu'il n'en reste pas autant.",
            "Renvoyez le fichier plus tard, après Retry-After. L'équipe est prévenue d'elle-même.");
    public static readonly ProblemType RangeBeyondEnd =
        new ProblemType("REQ-0018", 416, "The range begins beyond the file's end", "La plage demandée commence après la fin du fichier")
        .Explained(
            "L'en-tête Range demande des octets après la fin du fichier.",
            "La plage « bytes=5000- » d'un fichier de 4000 octets, après un téléchargement déjà complet.",
            "L'en-tête Content-Range donne la longueur du fichier. S'il est déjà complet chez vous, il n'y a rien à demander ; sinon, retirez Range.");

    public static readonly IReadOnlyList<ProblemType> All =
    [
        BadRequest, InvalidInput, Unauthenticated, Forbidden, NotFound, MethodNotAllowed, TooLarge, UnsupportedMediaType, TooManyRequests,
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyInFlight, PreconditionRequired, PreconditionFailed, Unavailable, Unexpected,
        StorageFull, RangeBeyondEnd, .. Access.TokenProblems.All,
    ];

    /// <summary>The one answer for what is absent and for what belongs to somebody else.</summary>
    public static Problem Absent() => NotFound.Because(
        "No such object, or it is not yours.", "Cet objet n'existe pas, ou il ne vous appartient pas.");

    /// <summary>Something that this answer needs is away for a moment.</summary>
    public static Problem Away() => Unavailable.Because("Try again in a moment.", "Réessayez dans un instant.").RetryAfter(5);

    public static Problem Invalid(params FieldError[] errors) => InvalidInput.Because(
        "See errors for each field.", "Voir le détail champ par champ.", errors);

    /// <summary>What a bare status (from routing, authentication, YARP…) becomes.</summary>
    public static Problem ForStatus(int status) => status switch
    {
        400 => BadRequest.Because("The request is malformed.", "La demande est mal formée."),
        401 => Unauthenticated.Because(
            "Send `Authorization: Bearer …` with a token that has not expired.", "Envoyez « Authorization: Bearer … » avec un jeton non expiré."),
        403 => Forbidden.Because("The role of this token does not open this route.", "Le rôle de ce jeton n'ouvre pas cette route."),
        404 => Absent(),
        405 => MethodNotAllowed.Because("See the API description for the methods of this route.", "Voir la description de l'API pour cette route."),
        413 => TooLarge.Because("Send less at a time.", "Envoyez moins de données à la fois."),
        415 =>
            UnsupportedMediaType.Because("See the API description for the accepted content types.", "Voir la description de l'API pour les contenus acceptés."),
        416 => RangeBeyondEnd.Because(
            "Content-Range says how long the file is. Ask for a range within it, or leave Range out.",
            "L'en-tête Content-Range donne la longueur du fichier. Demandez une plage qui y tient, ou retirez l'en-tête Range."),
        429 => TooManyRequests.Because("Wait for the time in Retry-After.", "Attendez la durée indiquée par Retry-After."),
        502 or 503 or 504 => Unavailable.Because("Try again in a moment.", "Réessayez dans un instant."),
        < 500 => (BadRequest with { Status = status }).Because("The request was refused.", "La demande a été refusée."),
        _ => Unexpected.Because("It was recorded; give the trace id to support.", "L'erreur est enregistrée ; donnez le traceId au support."),
    };
}
