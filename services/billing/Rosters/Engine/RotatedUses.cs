using System.Collections.Concurrent;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// The first whole roster under a new hashing key is the one moment at which an identity and its former hash are at hand together: whoever has used the service
/// is found by the former hash and noted under the new one, so that uses are counted on.
/// </summary>
/// <param name="before">Hasher of the former key, for this thread.</param>
/// <param name="now">Hasher of the new one.</param>
/// <param name="families">Former hashes of the families that have uses.</param>
/// <param name="found">Shared by all threads.</param>
internal sealed class RotatedUses(IdentityHasher before, IdentityHasher now, IReadOnlySet<long> families, ConcurrentBag<RotatedUses.Rehashed> found)
    : IDisposable
{
    internal readonly record struct Rehashed(UseSubject Kind, long Before, long Now);

    public void Carry(Insurer insurer, ReadOnlySpan<byte> member, int birthDate, int rank)
    {
        var family = before.Family(insurer.AmcAscii, member);
        if (families.Contains(family))
        {
            found.Add(new Rehashed(UseSubject.Family, family, now.Family(insurer.AmcAscii, member)));
            found.Add(new Rehashed(UseSubject.Person, before.Person(insurer.AmcAscii, member, birthDate, rank),
                now.Person(insurer.AmcAscii, member, birthDate, rank)));
        }
    }

    public void Dispose()
    {
        before.Dispose();
        now.Dispose();
    }
}
