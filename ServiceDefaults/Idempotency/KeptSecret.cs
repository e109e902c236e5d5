using System.Security.Cryptography;
using System.Text;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.ServiceDefaults.Idempotency;

/// <summary>
/// What is made of a caller's key. The key itself is not stored: a stored answer may hold a name or a birth date, and only who repeats the key can open it;
/// nor can the stored mark of the request be compared with guesses.
/// </summary>
internal sealed class KeptSecret
{
    private const string Place = "idempotency|body";
    private readonly byte[] _mark;
    private readonly byte[] _seal;

    public KeptSecret(string tenant, string route, string key)
    {
        var derived = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key), 96, Encoding.UTF8.GetBytes($"{tenant}\n{route}"), "idempotency v1"u8.ToArray());
        Id = Convert.ToHexStringLower(derived.AsSpan(0, 32));
        (_mark, _seal) = (derived[32..64], derived[64..]);
    }

    /// <summary>Under which it is found again.</summary>
    public string Id { get; }

    public string Mark(byte[] request) => Convert.ToHexStringLower(HMACSHA256.HashData(_mark, request));

    public string? Seal(string? text) => text is null ? null : Convert.ToBase64String(Envelope.Seal(_seal, Encoding.UTF8.GetBytes(text), Place));

    public string? Open(string? sealedText) =>
        sealedText is null ? null : Encoding.UTF8.GetString(Envelope.Open(_seal, Convert.FromBase64String(sealedText), Place));
}
