using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway;

/// <summary>What the gateway itself refuses; a service's own refusals pass through unchanged.</summary>
internal static class Problems
{
    public static readonly ProblemType ServiceFailed =
        new ProblemType("GTW-0001", 502, "A part of the service broke off its answer", "Une partie du service a interrompu sa réponse")
        .Explained(
            "Une partie du service a commencé à répondre, puis s'est interrompue. Ce qui était demandé a pu être fait.",
            "Un service redémarre au milieu d'un téléchargement.",
            "Relisez l'objet pour voir si c'est fait. Un POST se répète sans danger avec la même clé Idempotency-Key ; un téléchargement reprend avec "
                + "Range.");
    public static readonly ProblemType ServiceAway =
        new ProblemType("GTW-0002", 503, "A part of the service is away for a moment", "Une partie du service est indisponible pour un instant")
        .Explained(
            "Aucune instance de la partie demandée ne prend la connexion : rien n'a été fait.",
            "Le service est arrêté pour une mise à jour.",
            "Répétez la demande, telle quelle, après Retry-After.");
    public static readonly ProblemType ServiceTooSlow =
        new ProblemType("GTW-0003", 504, "A part of the service did not answer in time", "Une partie du service n'a pas répondu à temps")
        .Explained(
            "Une partie du service n'a pas répondu dans le temps prévu. Elle peut encore aboutir.",
            "Un très gros fichier est encore en cours d'examen.",
            "Relisez l'objet avant de répéter ; un POST se répète avec la même clé Idempotency-Key.");

    public static readonly ProblemType BodyTooSlow = new ProblemType("GTW-0004", 408, "The request came too slowly", "La demande est arrivée trop lentement")
        .Explained(
            "Le corps de la demande est arrivé trop lentement : la connexion est rendue à d'autres.",
            "Un téléphone perd le réseau pendant l'envoi d'une image.",
            "Renvoyez le fichier avec une meilleure connexion. Un fichier de bénéficiaires reprend à la position que donne HEAD sur son contenu.");

    public static Problem TooSlow() => BodyTooSlow.Because(
        "The whole body must come within a time, and at 1000 bytes a second. Send it again on a better line.",
        "La demande doit arriver en entier dans un certain délai, à 1000 octets par seconde au moins. Renvoyez-la avec une meilleure connexion.");

    /// <param name="most">Requests of one client at one time.</param>
    public static Problem UnderWay(int most) => CommonProblems.TooManyRequests.Because(
            $"At most {most} requests and streams of a client are under way at one time. Wait for one to end.",
            $"Au plus {most} demandes et flux d'un client sont en cours à la fois. Attendez que l'un d'eux se termine.")
        .RetryAfter(1);

    public static Problem MayStillHappen() => ServiceTooSlow.Because(
        "It may still be carried out. Read the object before you repeat the request; a POST is repeated with the same Idempotency-Key.",
        "Elle peut encore aboutir. Relisez l'objet avant de répéter la demande ; un POST se répète avec la même clé Idempotency-Key.");

    public static Problem MayHaveHappened() => ServiceFailed.Because(
        "It may have been carried out. Read the object before you repeat the request; a POST is repeated with the same Idempotency-Key.",
        "La demande a pu aboutir. Relisez l'objet avant de la répéter ; un POST se répète avec la même clé Idempotency-Key.");

    public static Problem NothingDone() => ServiceAway.Because(
        "Nothing was done. Try again in a moment.", "Rien n'a été fait. Réessayez dans un instant.").RetryAfter(5);

    public static Problem NoSuchRoute() => CommonProblems.NotFound.Because("There is no such route. See /docs.", "Cette route n'existe pas. Voir /docs.");

    public static Problem NoSuchCode() => CommonProblems.NotFound.Because(
        "No problem has this code. See /problems.", "Aucun problème n'a ce code. Voir /problems.");

    /// <param name="policy">Kind of client whose quota is spent.</param>
    /// <param name="permits">Requests in a window.</param>
    /// <param name="windowSeconds">Length of the window.</param>
    /// <param name="waitSeconds">Until the next window.</param>
    public static Problem QuotaSpent(string policy, int permits, int windowSeconds, int waitSeconds) => CommonProblems.TooManyRequests.Because(
            $"At most {permits} requests in {windowSeconds} seconds. Wait for the time in Retry-After.",
            $"Au plus {permits} demandes en {windowSeconds} secondes. Attendez la durée indiquée par Retry-After.")
        .RetryAfter(waitSeconds).With("violatedPolicies", new[] { policy });

    public static readonly IReadOnlyList<ProblemType> All = [ServiceFailed, ServiceAway, ServiceTooSlow, BodyTooSlow];
}
