using System.Security.Cryptography;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Billing.Fund;

/// <summary>
/// Whose a grant is: a keyed mark of the patient's account, so that the table names nobody. A case names the fund like an insurer, by the number kept for it.
/// </summary>
internal sealed class FundAccounts(IdentityKeys keys)
{
    private const string Alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int CodeLength = 12;

    /// <summary>No insurer has it, and none can be registered with it.</summary>
    public static readonly AmcNumber Amc = AmcNumber.Parse("0000000001");

    /// <summary>Under the key for new rows.</summary>
    public byte[] Mark(Guid account) => Mark(keys.CurrentId, account);

    /// <summary>Under every key that is known here: a change of key makes nobody another person.</summary>
    public byte[][] Marks(Guid account) => [.. keys.Ids.Select(id => Mark(id, account))];

    /// <summary>58 bits that nobody guesses, with letters that are hard to confuse.</summary>
    public static string NewCode() => "FS" + RandomNumberGenerator.GetString(Alphabet, CodeLength);

    /// <summary>As people copy it, e.g. <c>FS-7K3M-29QX-2B4T</c>; dashes do not matter.</summary>
    public static string Written(string code) => $"{code[..2]}-{code[2..6]}-{code[6..10]}-{code[10..]}";

    private byte[] Mark(string keyId, Guid account) => HMACSHA256.HashData(keys.Derive(keyId, "fund"), account.ToByteArray());
}
