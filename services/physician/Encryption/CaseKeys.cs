using System.Security.Cryptography;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Physician.Encryption;

/// <summary>
/// Envelope encryption: every case has a random data key, stored wrapped by a key of the service. Deleting the row makes all of the case's texts unreadable.
/// </summary>
internal sealed class CaseKeys(Keyring keyring)
{
    /// <summary>The cipher of a case; its data key is made on first use.</summary>
    public async Task<CaseCipher> For(NpgsqlConnection db, Guid caseId)
    {
        await db.ExecuteAsync(
            "insert into case_key (case_id, key_version, wrapped_key) values (@caseId, @Current, @Wrapped) on conflict (case_id) do nothing",
            new { caseId, keyring.Current, Wrapped = keyring.Wrap(caseId, RandomNumberGenerator.GetBytes(Envelope.KeySize)) });
        return await Find(db, caseId) ?? throw new InvalidOperationException("The data key vanished in its own transaction.");
    }

    /// <summary>Null when the case has none: nothing of it was ever stored.</summary>
    /// <exception cref="CryptographicException">The key that wrapped it is not configured any more.</exception>
    public async Task<CaseCipher?> Find(NpgsqlConnection db, Guid caseId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>("select key_version, wrapped_key from case_key where case_id = @caseId", new { caseId });
        return row is null ? null : new CaseCipher(keyring.Unwrap(caseId, row.KeyVersion, row.WrappedKey), caseId);
    }

    private sealed record Row(string KeyVersion, byte[] WrappedKey);
}

/// <summary>Seals and opens the values of one case; bound to place and case, so that a value moved elsewhere does not decrypt.</summary>
internal sealed class CaseCipher(byte[] key, Guid caseId)
{
    /// <param name="place"><c>table|column</c>, and what else tells the value from its neighbours.</param>
    /// <param name="plain">What to hide.</param>
    public byte[] Encrypt(string place, ReadOnlySpan<byte> plain) => Envelope.Seal(key, plain, $"{place}|{caseId}");

    /// <exception cref="CryptographicException">The bytes were changed, or stood elsewhere.</exception>
    public byte[] Decrypt(string place, ReadOnlySpan<byte> box) => Envelope.Open(key, box, $"{place}|{caseId}");
}
