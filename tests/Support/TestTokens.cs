using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Support;

/// <summary>Tokens of an issuer that only this run knows.</summary>
public static class TestTokens
{
    private static readonly byte[] PseudonymKey = "pseudonyms of tests: 32 bytes ok"u8.ToArray();

    private static readonly Lazy<TestIssuer> Shared = new(() => TestIssuer.Start().GetAwaiter().GetResult());

    /// <summary>Whose they are.</summary>
    public static TestIssuer Issuer => Shared.Value;

    static TestTokens() => PhysicianPseudonyms.Use(PseudonymKey);

    /// <summary>What a service needs to accept these tokens.</summary>
    public static IReadOnlyDictionary<string, string?> Settings =>
        new Dictionary<string, string?>(Issuer.Settings) { ["Physicians:PseudonymKey"] = Convert.ToBase64String(PseudonymKey) };

    public static string Patient(Guid id) => Create(Roles.Patient, id.ToString());

    public static string Physician(Rpps rpps) => Create(Roles.Physician, rpps.PhysicianId.ToString(), ("rpps", rpps.Value));

    public static string Partner(Guid insurerId) => Create(Roles.Partner, $"partner-{insurerId}", ("insurer_id", insurerId.ToString()));

    /// <summary>A service's own token, by its name.</summary>
    public static string Service(string name) => Create(Roles.Service, name, ("client_id", name));

    public static string Of(string role) => Create(role, $"{role}-of-tests");

    public static string Create(string role, string subject, params (string Name, object Value)[] claims) =>
        Issuer.Token(new Dictionary<string, object>(claims.Select(c => KeyValuePair.Create(c.Name, c.Value))) { ["role"] = role, ["sub"] = subject });
}
