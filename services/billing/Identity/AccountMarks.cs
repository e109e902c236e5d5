using System.Security.Cryptography;

namespace SecondOpinion.Billing.Identity;

/// <summary>
/// Keyed marks of patients' accounts: a row says whose it is to whoever has the account and the key, and to nobody else. Each purpose has its own, so that two
/// tables do not lead to each other.
/// </summary>
internal sealed class AccountMarks(IdentityKeys keys)
{
    public const string Fund = "fund";
    public const string SelfPay = "self-pay";

    private const string Alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int CodeLength = 12;

    /// <summary>Under the key for new rows.</summary>
    public byte[] Current(string purpose, Guid account) => Mark(keys.CurrentId, purpose, account);

    /// <summary>Under every key that is known here: a change of key makes nobody another person.</summary>
    public byte[][] Of(string purpose, Guid account) => [.. keys.Ids.Select(id => Mark(id, purpose, account))];

    /// <summary>58 bits that nobody guesses, in letters that are hard to confuse.</summary>
    public static string NewCode(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, CodeLength);

    private byte[] Mark(string keyId, string purpose, Guid account) => HMACSHA256.HashData(keys.Derive(keyId, purpose), account.ToByteArray());
}
