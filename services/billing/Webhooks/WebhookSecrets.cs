using System.Security.Cryptography;
using System.Text;
using SecondOpinion.Billing.Identity;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>The secrets that sign: told once to whom they belong to, kept sealed.</summary>
internal sealed class WebhookSecrets(IdentityKeys keys)
{
    private const int Bytes = 32;

    /// <summary>As the standard writes it: <c>whsec_</c> and base64.</summary>
    public static string New() => $"whsec_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes))}";

    /// <summary>The key under which new ones are sealed.</summary>
    public string KeyId => keys.CurrentId;

    public byte[] Seal(Guid webhookId, string secret) => Envelope.Seal(Key(webhookId, KeyId), Encoding.UTF8.GetBytes(secret), Place);

    /// <exception cref="CryptographicException">It was changed, or stood with another address.</exception>
    public string Open(Guid webhookId, string keyId, byte[] sealedSecret) => Encoding.UTF8.GetString(Envelope.Open(Key(webhookId, keyId), sealedSecret, Place));

    private const string Place = "webhook|secret";

    private byte[] Key(Guid webhookId, string keyId) => keys.Derive(keyId, $"webhook {webhookId}");
}
