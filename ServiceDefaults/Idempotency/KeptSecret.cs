using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.ServiceDefaults.Idempotency;

/// <summary>
/// What is made of a caller's key. The key itself is not stored: a stored answer may hold a name or a birth date, and only who repeats the key can open it;
/// nor can the stored mark of the request be compared with guesses.
/// </summary>
internal sealed class KeptSecret
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
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

    public string? Seal(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var plain = Encoding.UTF8.GetBytes(text);
        var box = new byte[NonceSize + TagSize + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceSize));
        using var aes = new AesGcm(_seal, TagSize);
        aes.Encrypt(box.AsSpan(0, NonceSize), plain, box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize));
        return Convert.ToBase64String(box);
    }

    public string? Open(string? sealedText)
    {
        if (sealedText is null)
        {
            return null;
        }

        var box = Convert.FromBase64String(sealedText);
        var plain = new byte[box.Length - NonceSize - TagSize];
        using var aes = new AesGcm(_seal, TagSize);
        aes.Decrypt(box.AsSpan(0, NonceSize), box.AsSpan(NonceSize + TagSize), box.AsSpan(NonceSize, TagSize), plain);
        return Encoding.UTF8.GetString(plain);
    }
}
