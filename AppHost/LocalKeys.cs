using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost;

/// <summary>
/// The secrets of a local installation, made at its first start and kept in its data folder, readable by their owner only. They become Aspire parameters;
/// what the environment sets (<c>Parameters__token-key</c>) goes before them. Losing the encryption key loses every document: deployments keep theirs elsewhere.
/// </summary>
internal static class LocalKeys
{
    public const string Issuer = "secondopinion-local";
    public const string Audience = "secondopinion";
    private static readonly string[] Names = ["token-key", "encryption-key", "beneficiary-key"];

    public static void AddTo(IConfigurationManager configuration, string dataFolder)
    {
        var keys = ReadOrMake(dataFolder);
        configuration.AddInMemoryCollection(Names
            .Where(name => configuration[$"Parameters:{name}"] is null)
            .Select(name => KeyValuePair.Create<string, string?>($"Parameters:{name}", keys[name])));
    }

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
        if (File.Exists(file))
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!;
        }

        Directory.CreateDirectory(dataFolder);
        var keys = Names.ToDictionary(name => name, _ => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(file, options);
        JsonSerializer.Serialize(stream, keys);
        return keys;
    }
}
