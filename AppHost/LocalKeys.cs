using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost;

/// <summary>
/// The secrets of a local installation, made at its first start and kept in its data folder, readable by their owner only. They become Aspire parameters;
/// what the environment sets (<c>Parameters__token-key</c>) goes before them. Losing the encryption key loses every document: deployments keep theirs
/// elsewhere.
/// </summary>
internal static class LocalKeys
{
    public const string Issuer = "secondopinion-local";
    public const string Audience = "secondopinion";
    public const string PseudonymKey = "physician-pseudonym-key";
    public const string PostgresPassword = "postgres-password";
    public const string RabbitMQPassword = "rabbitmq-password";
    private static readonly string[] Keys = ["token-key", "encryption-key", "beneficiary-key", PseudonymKey];
    private static readonly string[] Passwords = [PostgresPassword, RabbitMQPassword];

    public static void AddTo(IConfigurationManager configuration, string dataFolder)
    {
        var keys = ReadOrMake(dataFolder);
        configuration.AddInMemoryCollection(keys.Keys
            .Where(name => configuration[$"Parameters:{name}"] is null)
            .Select(name => KeyValuePair.Create<string, string?>($"Parameters:{name}", keys[name])));
    }

    public static string Of(IConfiguration configuration, string name) =>
        configuration[$"Parameters:{name}"] ?? throw new InvalidOperationException($"There is no parameter {name}.");

    /// <summary>The configuration of a token signer, for <c>./run token</c> and the story.</summary>
    public static IConfiguration TokenSettings(string dataFolder) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Authentication:Schemes:Bearer:ValidIssuer"] = Issuer,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
        ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = Issuer,
        ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] =
            Environment.GetEnvironmentVariable("Parameters__token-key") ?? ReadOrMake(dataFolder)["token-key"],
    }).Build();

    private static Dictionary<string, string> ReadOrMake(string dataFolder)
    {
        var file = Path.Combine(dataFolder, "keys.json");
        var known = File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))! : [];
        var missing = Keys.Concat(Passwords).Except(known.Keys).ToList();
        if (missing.Count == 0)
        {
            return known;
        }

        foreach (var name in missing)
        {
            // Passwords stand in connection strings and addresses, so of letters and digits only.
            known[name] = Passwords.Contains(name)
                ? RandomNumberGenerator.GetHexString(32, lowercase: true)
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
}
