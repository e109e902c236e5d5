using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost;

/// <summary>
/// The secrets of a local installation, made at its first start and kept in its data folder, readable by their owner only. They become Aspire parameters;
/// what the environment sets (<c>Parameters__encryption-key</c>) goes before them. Losing the encryption key loses every document: deployments keep theirs
/// elsewhere.
/// </summary>
internal static class LocalKeys
{
    public const string TryOutSecret = "try-out-secret";
    public const string PeoplePassword = "people-password";
    public const string PseudonymKey = "physician-pseudonym-key";
    public const string AuditKey = "audit-key";
    public const string SealCertificate = "seal-certificate";
    public const string PostgresPassword = "postgres-password";
    public const string RabbitMQPassword = "rabbitmq-password";
    private static readonly string[] Services = ["billing", "intake", "matching", "physician", "reporting", "gateway", "identity"];
    private static readonly string[] Keys =
        ["encryption-key", "beneficiary-key", PseudonymKey, "identity-key", AuditKey, TryOutSecret, .. Services.Select(ClientSecret)];
    private static readonly string[] Passwords =
    [
        PostgresPassword, RabbitMQPassword, PeoplePassword,
        .. Services.Except(["gateway"]).SelectMany(service => (string[])[Database(service), Owner(service)]),
        .. Services.Except(["gateway", "identity"]).Select(Broker),
    ];

    public static void AddTo(IConfigurationManager configuration, string dataFolder)
    {
        var keys = ReadOrMake(dataFolder);
        configuration.AddInMemoryCollection(keys.Keys
            .Where(name => configuration[$"Parameters:{name}"] is null)
            .Select(name => KeyValuePair.Create<string, string?>($"Parameters:{name}", keys[name])));
    }

    public static string Of(IConfiguration configuration, string name) =>
        configuration[$"Parameters:{name}"] ?? throw new InvalidOperationException($"There is no parameter {name}.");

    /// <summary>Name of the secret with which a service asks for its tokens.</summary>
    public static string ClientSecret(string service) => $"{service}-client";

    /// <summary>Name of the password of a service's role at PostgreSQL.</summary>
    public static string Database(string service) => $"{service}-database-password";

    /// <summary>Name of the password of the role that owns a service's database.</summary>
    public static string Owner(string service) => $"{service}-database-owner-password";

    /// <summary>Name of the password of a service's user at RabbitMQ.</summary>
    public static string Broker(string service) => $"{service}-broker-password";

    /// <summary>As the running system has it: from the environment, else from the data folder.</summary>
    public static string Kept(string dataFolder, string name) => Environment.GetEnvironmentVariable($"Parameters__{name}") ?? ReadOrMake(dataFolder)[name];

    private static Dictionary<string, string> ReadOrMake(string dataFolder)
    {
        var file = Path.Combine(dataFolder, "keys.json");
        var known = File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))! : [];
        var missing = Keys.Concat(Passwords).Append(SealCertificate).Except(known.Keys).ToList();
        if (missing.Count == 0)
        {
            return known;
        }

        foreach (var name in missing)
        {
            // Passwords stand in connection strings and addresses, so of letters and digits only.
            known[name] = name == SealCertificate ? MakeCertificate()
                : Passwords.Contains(name) ? RandomNumberGenerator.GetHexString(32, lowercase: true)
                : Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        }

        // Written beside and renamed: a crash in between must not lose the keys of existing data.
        Directory.CreateDirectory(dataFolder);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(file + ".new", options))
        {
            JsonSerializer.Serialize(stream, known);
            stream.Flush(flushToDisk: true);
        }

        File.Move(file + ".new", file, overwrite: true);
        return known;
    }

    /// <summary>Seals opinions of a local installation only: its own issuer, so that reader programs show the signature as of somebody unknown.</summary>
    private static string MakeCertificate()
    {
        using var key = RSA.Create(3072);
        var request = new CertificateRequest("CN=Cachet SecondOpinion (essai local)", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        return Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12));
    }
}
