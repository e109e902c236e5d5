using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// AES-256-GCM over what is read as one piece (a value of a row, a segment of an upload): format byte, nonce (12), tag (16), ciphertext. The place of a value
/// is authenticated with it, so that a value copied to another row or column, or a segment left out, does not open.
/// </summary>
public static class Envelope
{
    public const int KeySize = 32;
    private const byte Format = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    public const int Overhead = 1 + NonceSize + TagSize;

    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, string place)
    {
        var box = new byte[Overhead + plain.Length];
        Seal(key, plain, place, box);
        return box;
    }

    /// <param name="box">As long as <paramref name="plain"/> and <see cref="Overhead"/> together.</param>
    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, string place, Span<byte> box)
    {
        box[0] = Format;
        var nonce = box.Slice(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(nonce, plain, box[Overhead..], box.Slice(1 + NonceSize, TagSize), Encoding.UTF8.GetBytes(place));
    }

    /// <exception cref="CryptographicException">The value was changed, moved, or sealed under another key.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, string place)
    {
        var plain = new byte[Math.Max(0, box.Length - Overhead)];
        Open(key, box, place, plain);
        return plain;
    }

    /// <param name="plain">Shorter than <paramref name="box"/> by <see cref="Overhead"/>.</param>
    /// <exception cref="CryptographicException">The value was changed, moved, or sealed under another key.</exception>
    public static void Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, string place, Span<byte> plain)
    {
        if (box.Length < Overhead || box[0] != Format)
        {
            throw new CryptographicException("This is not a sealed value.");
        }

        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(box.Slice(1, NonceSize), box[Overhead..], box.Slice(1 + NonceSize, TagSize), plain, Encoding.UTF8.GetBytes(place));
    }
}
