using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Identity.Tokens;

/// <summary>
/// For whom a person's or a partner's token is meant: the gateway and the services that its role leads to. Anybody else refuses it, whoever got hold of it.
/// </summary>
internal static class Audiences
{
    public const string Gateway = "gateway";

    /// <summary>Each may be asked for as a scope by a service that is allowed to.</summary>
    public static readonly string[] Services = ["identity", "intake", "billing", "matching", "physician", "reporting"];

    public static string[] Of(string role) => role switch
    {
        Roles.Patient => [Gateway, "intake", "billing"],
        // The physician's file is read from intake with the physician's own token.
        Roles.Physician => [Gateway, "intake", "physician"],
        Roles.Agent => [Gateway, "intake", "billing"],
        Roles.Council => [Gateway, "intake", "matching", "physician", "reporting"],
        Roles.Partner => [Gateway, "billing"],
        Roles.Ops => [Gateway, .. Services],
        _ => [],
    };
}
