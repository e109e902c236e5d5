using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Billing.Identity;

namespace SecondOpinion.Tests.Billing;

public sealed class IdentityHashTests
{
    private static readonly byte[] Amc = "0099000101"u8.ToArray();

    [Fact]
    public void A_batch_gives_the_same_hashes_as_the_systems_own_HMAC() => Prop.ForAll<int, ushort>(Agrees).QuickCheckThrowOnFailure();

    private static void Agrees(int seed, ushort count)
    {
        var random = new Random(seed);
        var key = new byte[random.Next(32, 100)];
        random.NextBytes(key);
        using var single = new IdentityHasher(key);
        using var batch = new IdentityHashBatch(key);
        for (var round = 0; round < 2; round++)
        {
            var expected = new List<long>();
            for (var i = 0; i < count % 70; i++)
            {
                var name = new byte[random.Next(1, IdentityMessage.MaxName + 1)];
                random.NextBytes(name);
                var (date, rank) = (random.Next(), random.Next(1, 10));
                batch.Add(IdentityMessage.PersonKind, Amc, name, date, rank).ShouldBe(i);
                expected.Add(single.Person(Amc, name, date, rank));
            }

            batch.Compute();
            Enumerable.Range(0, batch.Count).Select(i => batch[i]).ShouldBe(expected);
            batch.Clear();
        }
    }

    [Fact]
    public void A_hash_is_the_first_64_bits_of_the_HMAC_of_a_message_that_other_programs_can_make()
    {
        var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        using var single = new IdentityHasher(key);
        byte[] message = [.. "P0099000101|A1|"u8, .. BitConverter.GetBytes(19800102).Reverse(), 0, 0, 0, 1];
        single.Person(Amc, "A1"u8, 19800102, 1).ShouldBe(BitConverter.ToInt64([.. HMACSHA256.HashData(key, message).Take(8).Reverse()]));
    }
}
