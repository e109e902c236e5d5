namespace SecondOpinion.Physician.Encryption;

/// <summary>Section <c>Encryption</c>: the keys that wrap the data key of each case; checked at start.</summary>
internal sealed class EncryptionOptions
{
    public const string Section = "Encryption";

    /// <summary>Base64 of 32 bytes by key id. An old key stays here until nothing is wrapped by it.</summary>
    public Dictionary<string, string> Keys { get; set; } = [];

    /// <summary>Id of the key that wraps new data keys.</summary>
    public string CurrentKey { get; set; } = "";

    public bool IsUsable =>
        Keys.ContainsKey(CurrentKey) && Keys.Values.All(key => Convert.TryFromBase64String(key, new byte[key.Length], out var length) && length == 32);

    public const string Advice =
        "Encryption:CurrentKey must name one of Encryption:Keys, and every key must be the base64 of 32 bytes (e.g. `openssl rand -base64 32`). "
        + "Without a key opinions cannot be stored, so the service does not start.";
}
