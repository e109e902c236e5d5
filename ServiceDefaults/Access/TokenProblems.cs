using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>What can be wrong with a token beyond being none: each says what to do about it.</summary>
public static class TokenProblems
{
    public static readonly ProblemType Expired = new ProblemType("TOK-0001", 401, "The token has expired", "Le jeton a expiré")
        .Explained(
            "Le jeton était bon, mais sa durée de vie est passée.",
            "La page est restée ouverte pendant la pause, ou le programme garde un jeton au lieu d'en demander un nouveau.",
            "Demandez un nouveau jeton (par le jeton de rafraîchissement, ou par les identifiants du programme) et renvoyez la même demande.");
    public static readonly ProblemType WrongAudience =
        new ProblemType("TOK-0002", 401, "The token is meant for somebody else", "Le jeton est destiné à un autre service")
        .Explained(
            "Le jeton a été émis pour un autre service : son champ « aud » ne nomme pas celui-ci.",
            "Le jeton d'une autre application du même émetteur est réutilisé ici.",
            "Demandez à l'émetteur un jeton pour ce service ; son administrateur ajoute l'audience que « detail » indique.");
    public static readonly ProblemType NoRole = new ProblemType("TOK-0003", 403, "The token names no role", "Le jeton n'indique aucun rôle")
        .Explained(
            "Le jeton ne dit pas en quelle qualité son porteur agit.",
            "Le compte a été créé chez l'émetteur sans qu'un rôle lui soit donné.",
            "L'administrateur de l'émetteur donne un rôle au compte et le met dans le jeton ; connectez-vous ensuite de nouveau.");
    public static readonly ProblemType UnknownRole =
        new ProblemType("TOK-0004", 403, "The token names no role that is known here", "Le jeton n'indique aucun rôle connu ici")
        .Explained(
            "Le jeton nomme des rôles, mais aucun de ceux du service, ou plusieurs à la fois.",
            "Seuls les rôles d'office de l'émetteur y figurent, ou un compte est à la fois patient et exploitant.",
            "L'administrateur de l'émetteur donne au compte exactement un des rôles que « detail » énumère ; un second usage demande un second compte.");
    public static readonly ProblemType Ended =
        new ProblemType("TOK-0005", 401, "The session or the client of this token has ended", "La session ou l'accès de ce jeton a pris fin")
        .Explained(
            "La session de ce jeton est close, ou l'accès de ce programme a été retiré.",
            "La personne s'est déconnectée sur un autre appareil, ou la clé d'un partenaire a été remplacée.",
            "Reconnectez-vous. Un programme demande un jeton avec ses identifiants en cours ; s'ils sont refusés, adressez-vous à l'exploitant.");
    public static readonly ProblemType TooLong = new ProblemType("TOK-0006", 401, "The token is valid for too long", "La durée de vie du jeton est trop longue")
        .Explained(
            "L'émetteur donne des jetons qui vivent plus longtemps que ce service ne l'accepte.",
            "L'émetteur garde son réglage d'une heure, alors qu'il ne publie pas les sessions closes.",
            "L'administrateur de l'émetteur raccourcit la durée de vie des jetons d'accès à ce que « detail » indique.");

    public static readonly IReadOnlyList<ProblemType> All = [Expired, WrongAudience, NoRole, UnknownRole, Ended, TooLong];

    internal static Problem HasExpired() => Expired.Because("Ask for a new one and repeat the request.", "Demandez un nouveau jeton et renouvelez la demande.");

    internal static Problem IsForOthers(string audience) => WrongAudience.Because(
        $"Its `aud` does not hold `{audience}`. Ask the issuer for a token for this service.",
        $"Son champ « aud » ne contient pas « {audience} ». Demandez à l'émetteur un jeton pour ce service.");

    internal static Problem HasNoRole() => NoRole.Because(
        "It needs a `role`, or the same in `realm_access.roles` or `resource_access`. The issuer's administrator gives the account one.",
        "Il lui faut un champ « role », ou un rôle dans « realm_access.roles » ou « resource_access ». L'administrateur de l'émetteur le donne au compte.");

    internal static Problem HasUnknownRole() => UnknownRole.Because(
        $"It must name exactly one of: {string.Join(", ", Roles.All)}. The issuer's administrator changes the roles of the account.",
        $"Il doit indiquer exactement un rôle parmi : {string.Join(", ", Roles.All)}. L'administrateur de l'émetteur corrige les rôles du compte.");

    internal static Problem HasEnded() => Ended.Because("Sign in again, or ask the operators.", "Reconnectez-vous, ou adressez-vous à l'exploitant.");

    internal static Problem LivesTooLong(TimeSpan longest) => TooLong.Because(
        $"An access token is accepted when it lives for {longest.TotalSeconds:0} s at most: shorten its life at the issuer.",
        $"Un jeton d'accès est accepté si sa durée de vie est d'au plus {longest.TotalSeconds:0} s : raccourcissez-la chez l'émetteur.");

    internal static Problem CannotBeJudged() => CommonProblems.Unavailable.Because(
        "The token cannot be checked for a moment. Try again.", "Le jeton ne peut pas être vérifié pour un instant. Réessayez.").RetryAfter(2);
}

/// <summary>Why this request's token was refused, kept until the answer is written.</summary>
internal sealed record TokenFault(Problem Problem)
{
    public static void Set(HttpContext http, Problem problem) => http.Features.Set(new TokenFault(problem));

    public static Problem? Of(HttpContext http, int status) =>
        http.Features.Get<TokenFault>() is { } fault && fault.Problem.Type.Status == status ? fault.Problem : null;
}
