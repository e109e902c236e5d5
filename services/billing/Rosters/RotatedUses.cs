using System.Collections.Concurrent;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Billing.Rosters;

/// <summary>
/// The first whole roster under a new hashing key is the one moment at which an identity and its former hash are at hand together: whoever has used the service
/// is found by the former hash and noted under the new one, so that uses are counted on.
/// </summary>
/// <param name="before">Hasher of the former key, for this thread.</param>
/// <param name="families">Former hashes of the families that have uses.</param>
/// <param name="found">Shared by all threads.</param>
internal sealed class RotatedUses(IdentityHasher before, IReadOnlySet<long> families, ConcurrentBag<RotatedUses.Rehashed> found) : IDisposable
{
    internal readonly record struct Rehashed(string Kind, long Before, long Now);

    public long FamilyBefore(Insurer insurer, ReadOnlySpan<byte> member) => before.Family(insurer.AmcAscii, member);

    public void Carry(Insurer insurer, ReadOnlySpan<byte> member, int birthDate, int rank, long familyBefore, long familyNow, long personNow)
    {
        if (families.Contains(familyBefore))
        {
            found.Add(new Rehashed("family", familyBefore, familyNow));
            found.Add(new Rehashed("person", before.Person(insurer.AmcAscii, member, birthDate, rank), personNow));
        }
    }

    public void Dispose() => before.Dispose();
}
