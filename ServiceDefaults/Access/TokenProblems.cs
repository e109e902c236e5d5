using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>What can be wrong with a token beyond being none: each says what to do about it.</summary>
public static class TokenProblems
{
    public static readonly ProblemType Expired = new("TOK-0001", 401, "The token has expired", "Le jeton a expiré");
    public static readonly ProblemType WrongAudience = new("TOK-0002", 401, "The token is meant for somebody else", "Le jeton est destiné à un autre service");
    public static readonly ProblemType NoRole = new("TOK-0003", 403, "The token names no role", "Le jeton n'indique aucun rôle");
    public static readonly ProblemType UnknownRole = new(
        "TOK-0004", 403, "The token names no role that is known here", "Le jeton n'indique aucun rôle connu ici");
    public static readonly ProblemType Ended = new(
        "TOK-0005", 401, "The session or the client of this token has ended", "La session ou l'accès de ce jeton a pris fin");
    public static readonly ProblemType TooLong = new("TOK-0006", 401, "The token is valid for too long", "La durée de vie du jeton est trop longue");

    public static readonly IReadOnlyList<ProblemType> All = [Expired, WrongAudience, NoRole, UnknownRole, Ended, TooLong];

    internal static Problem HasExpired() => Expired.Because("Ask for a new one and repeat the request.", "Demandez un nouveau jeton et renouvelez la demande.");

    internal static Problem IsForOthers(string audience) => WrongAudience.Because(
        $"Its `aud` does not hold `{audience}`.", $"Son champ « aud » ne contient pas « {audience} ».");

    internal static Problem HasNoRole() => NoRole.Because(
        "It needs a `role`, or the same in `realm_access.roles` or `resource_access`.",
            "Il lui faut un champ « role », ou un rôle dans « realm_access.roles » ou « resource_access ».");

    internal static Problem HasUnknownRole() => UnknownRole.Because(
        $"It must name exactly one of: {string.Join(", ", Access.Roles)}.", $"Il doit indiquer exactement un rôle parmi : {string.Join(", ", Access.Roles)}.");

    internal static Problem HasEnded() => Ended.Because("Sign in again, or ask the operators.", "Reconnectez-vous, ou adressez-vous à l'exploitant.");

    internal static Problem LivesTooLong(TimeSpan longest) => TooLong.Because(
        $"An access token is accepted when it lives for {longest.TotalSeconds:0} s at most.",
        $"Un jeton d'accès est accepté si sa durée de vie est d'au plus {longest.TotalSeconds:0} s.");

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
