using Microsoft.Extensions.Configuration;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Support;

/// <summary>Tokens signed with a key that only tests know.</summary>
public static class TestTokens
{
    private static readonly byte[] PseudonymKey = "pseudonyms of tests: 32 bytes ok"u8.ToArray();

    private static readonly Dictionary<string, string?> Scheme = new()
    {
        ["Authentication:Schemes:Bearer:ValidIssuer"] = "secondopinion-tests",
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = "secondopinion",
        ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = "secondopinion-tests",
        ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String("a key of tests: thirty-two bytes"u8),
        ["Physicians:PseudonymKey"] = Convert.ToBase64String(PseudonymKey),
    };

    static TestTokens() => PhysicianPseudonyms.Use(PseudonymKey);

    /// <summary>What a service needs to accept these tokens.</summary>
    public static IReadOnlyDictionary<string, string?> Settings => Scheme;

    public static string Patient(Guid id) => Create(Access.Patient, id.ToString());

    public static string Physician(Rpps rpps) => Create(Access.Physician, rpps.PhysicianId.ToString(), ("rpps", rpps.Value));

    public static string Partner(Guid insurerId) => Create(Access.Partner, $"partner-{insurerId}", ("insurer_id", insurerId.ToString()));

    public static string Of(string role) => Create(role, $"{role}-of-tests");

    public static string Create(string role, string subject, params (string Name, object Value)[] claims) => LocalTokens.Create(
        new ConfigurationBuilder().AddInMemoryCollection(Scheme).Build(), role, subject, claims.ToDictionary(c => c.Name, c => c.Value),
        TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(30));
}
