using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// The key under which an installation makes physicians' pseudonyms. RPPS numbers are public and few: a hash without a key would be the number itself. Only
/// the services that meet the number (intake, physician) have the key; it never changes, since ids stand in every table.
/// </summary>
public static class PhysicianPseudonyms
{
    public const int MinKeyBytes = 32;
    private static byte[]? _key;

    /// <summary>False in the services that never meet an RPPS number.</summary>
    public static bool AreKnown => _key is not null;

    /// <summary>Once per process, at its start; the same key again is no fault.</summary>
    /// <exception cref="InvalidOperationException">The key is too short, or this process has another one already.</exception>
    public static void Use(byte[] key)
    {
        if (key.Length < MinKeyBytes)
        {
            throw new InvalidOperationException($"The key of physicians' pseudonyms has at least {MinKeyBytes} bytes.");
        }

        if (Interlocked.CompareExchange(ref _key, key, null) is { } known && !CryptographicOperations.FixedTimeEquals(known, key))
        {
            throw new InvalidOperationException("This process makes physicians' pseudonyms under another key already.");
        }
    }

    internal static Guid Of(Rpps rpps)
    {
        var key = _key ?? throw new InvalidOperationException("This process has no key for physicians' pseudonyms: set Physicians:PseudonymKey.");
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes("secondopinion:physician:" + rpps.Value), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80); // version 8: made by the application
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
