using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>AES-256-GCM over short values: format byte, nonce (12), tag (16), ciphertext. The place of a value is authenticated with it, so that a
/// value copied to another row or column does not open.</summary>
public static class Envelope
{
    public const int KeySize = 32;
    private const byte Format = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int Overhead = 1 + NonceSize + TagSize;

    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, string place)
    {
        var box = new byte[Overhead + plain.Length];
        box[0] = Format;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(nonce, plain, box.AsSpan(Overhead), box.AsSpan(1 + NonceSize, TagSize), Encoding.UTF8.GetBytes(place));
        return box;
    }

    /// <exception cref="CryptographicException">The value was changed, moved, or sealed under another key.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, string place)
    {
        if (box.Length < Overhead || box[0] != Format)
        {
            throw new CryptographicException("This is not a sealed value.");
        }

        var plain = new byte[box.Length - Overhead];
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(box.Slice(1, NonceSize), box[Overhead..], box.Slice(1 + NonceSize, TagSize), plain, Encoding.UTF8.GetBytes(place));
        return plain;
    }
}
