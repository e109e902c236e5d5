namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>Refusals that every service may give. Codes of one service live in its own <c>Problems.cs</c>.</summary>
public static class CommonProblems
{
    public static readonly ProblemType BadRequest = new("REQ-0001", 400, "The request cannot be read", "La demande est illisible");
    public static readonly ProblemType InvalidInput = new("REQ-0002", 400, "Some fields are not valid", "Certains champs ne sont pas valides");
    public static readonly ProblemType Unauthenticated = new("REQ-0003", 401, "A valid token is needed", "Un jeton valide est nécessaire");
    public static readonly ProblemType Forbidden = new("REQ-0004", 403, "This token may not do that", "Ce jeton ne donne pas ce droit");
    public static readonly ProblemType NotFound = new("REQ-0005", 404, "Nothing here", "Introuvable");
    public static readonly ProblemType MethodNotAllowed = new("REQ-0006", 405, "This method is not supported here", "Cette méthode n'est pas possible ici");
    public static readonly ProblemType TooLarge = new("REQ-0007", 413, "The request is too large", "La demande est trop volumineuse");
    public static readonly ProblemType UnsupportedMediaType =
        new("REQ-0008", 415, "This content type is not supported", "Ce type de contenu n'est pas accepté");
    public static readonly ProblemType TooManyRequests = new("REQ-0009", 429, "Too many requests", "Trop de demandes");
    public static readonly ProblemType IdempotencyKeyMissing =
        new("REQ-0010", 400, "An Idempotency-Key header is needed", "L'en-tête Idempotency-Key est nécessaire");
    public static readonly ProblemType IdempotencyKeyReused =
        new("REQ-0011", 422, "This Idempotency-Key was used with another request", "Cette clé Idempotency-Key a servi à une autre demande");
    public static readonly ProblemType IdempotencyInFlight = new("REQ-0012", 409, "The same request is still running", "La même demande est encore en cours");
    public static readonly ProblemType PreconditionRequired = new("REQ-0013", 428, "An If-Match header is needed", "L'en-tête If-Match est nécessaire");
    public static readonly ProblemType PreconditionFailed = new("REQ-0014", 412, "The object has changed meanwhile", "L'objet a changé entre-temps");
    public static readonly ProblemType Unavailable =
        new("REQ-0015", 503, "A part of the service is away for a moment", "Une partie du service est indisponible pour un instant");
    public static readonly ProblemType Unexpected = new("REQ-0016", 500, "Something went wrong on our side", "Une erreur s'est produite de notre côté");
    public static readonly ProblemType StorageFull =
        new("REQ-0017", 507, "There is no room left to store this", "Il n'y a plus de place pour enregistrer cela");

    public static readonly IReadOnlyList<ProblemType> All =
    [
        BadRequest, InvalidInput, Unauthenticated, Forbidden, NotFound, MethodNotAllowed, TooLarge, UnsupportedMediaType, TooManyRequests,
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyInFlight, PreconditionRequired, PreconditionFailed, Unavailable, Unexpected,
        StorageFull, .. Access.TokenProblems.All,
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
        429 => TooManyRequests.Because("Wait for the time in Retry-After.", "Attendez la durée indiquée par Retry-After."),
        502 or 503 or 504 => Unavailable.Because("Try again in a moment.", "Réessayez dans un instant."),
        < 500 => (BadRequest with { Status = status }).Because("The request was refused.", "La demande a été refusée."),
        _ => Unexpected.Because("It was recorded; give the trace id to support.", "L'erreur est enregistrée ; donnez le traceId au support."),
    };
}
