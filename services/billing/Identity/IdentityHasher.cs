using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace SecondOpinion.Billing.Identity;

/// <summary>
/// Turns an identity into the first 64 bits of its HMAC-SHA-256. Not safe for two threads at once: each has its own.
/// <para>
/// 64 bits: of 28 million people the chance that any two share a value is 2·10⁻⁵ (the second one's line is then rejected as a duplicate), and a stranger's
/// question meets somebody's value once in 10¹². The key, not the length, is what keeps the value from being undone.
/// </para>
/// </summary>
internal sealed class IdentityHasher(byte[] key) : IDisposable
{
    public const int MaxMember = IdentityMessage.MaxName;

    // Kept for its life: a fresh HMAC would schedule the key each time, which costs more than the hash.
    private readonly IncrementalHash _hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
    private readonly byte[] _message = new byte[IdentityMessage.MaxLength];
    private readonly byte[] _hash = new byte[HMACSHA256.HashSizeInBytes];

    /// <param name="amc">10 digits.</param>
    /// <param name="member">Normalised member number.</param>
    /// <param name="birthDate">yyyymmdd.</param>
    /// <param name="rank">Birth rank, 1 to 9.</param>
    public long Person(ReadOnlySpan<byte> amc, ReadOnlySpan<byte> member, int birthDate, int rank) =>
        Hash(IdentityMessage.PersonKind, amc, member, birthDate, rank);

    /// <summary>All who share a member number: the unit of a family's quota.</summary>
    public long Family(ReadOnlySpan<byte> amc, ReadOnlySpan<byte> member) => Hash(IdentityMessage.FamilyKind, amc, member, 0, 0);

    /// <summary>The same person, found by the policy holder's NIR instead of the member number.</summary>
    public long Holder(ReadOnlySpan<byte> amc, ReadOnlySpan<byte> nir, int birthDate, int rank) => Hash(IdentityMessage.HolderKind, amc, nir, birthDate, rank);

    /// <summary>What an engagement number is made of; the same question gives the same number.</summary>
    public long Engagement(ReadOnlySpan<byte> amc, long person, int serviceDate, int expiry)
    {
        Span<byte> hex = stackalloc byte[16];
        Utf8Formatter.TryFormat(person, hex, out _, new('x', 16));
        return Hash(IdentityMessage.EngagementKind, amc, hex, serviceDate, expiry);
    }

    /// <summary>Of a message that is written already.</summary>
    public long Hash(ReadOnlySpan<byte> message)
    {
        _hmac.AppendData(message);
        _hmac.GetHashAndReset(_hash);
        return BinaryPrimitives.ReadInt64BigEndian(_hash);
    }

    public void Dispose() => _hmac.Dispose();

    private long Hash(byte kind, ReadOnlySpan<byte> amc, ReadOnlySpan<byte> name, int date, int rank) =>
        Hash(_message.AsSpan(0, IdentityMessage.Write(_message, kind, amc, name, date, rank)));
}
