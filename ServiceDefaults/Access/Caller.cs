using System.Security.Claims;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>What a token says of its bearer. A claim that the role needs and the token lacks is a 403.</summary>
public static class Caller
{
    public static string Role(this ClaimsPrincipal user) => user.FindFirstValue("role") ?? throw Lacking("role");

    /// <summary>Who it is, for audit and idempotency: the token's subject; of a physician the pseudonym, since issuers build subjects from the RPPS
    /// number.</summary>
    public static string Subject(this ClaimsPrincipal user) =>
        user.FindFirstValue("role") == Roles.Physician ? user.PhysicianId().ToString() : user.FindFirstValue("sub") ?? throw Lacking("sub");

    /// <summary>The account of a patient, pseudonymous: the token's subject.</summary>
    public static Guid PatientId(this ClaimsPrincipal user) => Guid.TryParse(user.FindFirstValue("sub"), out var id) ? id : throw Lacking("sub");

    /// <summary>The insurer of a partner's token: the only one it may see.</summary>
    public static Guid InsurerId(this ClaimsPrincipal user) => Guid.TryParse(user.FindFirstValue("insurer_id"), out var id) ? id : throw Lacking("insurer_id");

    public static Rpps Rpps(this ClaimsPrincipal user) =>
        Contracts.Identifiers.Rpps.TryParse(user.FindFirstValue("rpps"), out var rpps, out _) ? rpps : throw Lacking("rpps");

    public static Guid PhysicianId(this ClaimsPrincipal user) => user.Rpps().PhysicianId;

    private static ProblemException Lacking(string claim) => CommonProblems.Forbidden.Because(
        $"The token lacks a usable `{claim}` claim.", $"Le jeton n'a pas de valeur « {claim} » utilisable.").AsException();
}
