using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace SecondOpinion.Physician.Encryption;

/// <summary>
/// Envelope encryption: every case has a random data key, stored wrapped by a key of the service. Deleting the row makes all of the case's texts unreadable.
/// </summary>
internal sealed class CaseKeys(IOptions<EncryptionOptions> options)
{
    private const int KeyLength = 32;
    private readonly string _current = options.Value.CurrentKey;
    private readonly Dictionary<string, byte[]> _keys = options.Value.Keys.ToDictionary(k => k.Key, k => Convert.FromBase64String(k.Value));

    /// <summary>The cipher of a case; its data key is made on first use.</summary>
    public async Task<CaseCipher> For(NpgsqlConnection db, Guid caseId)
    {
        var fresh = RandomNumberGenerator.GetBytes(KeyLength);
        await db.ExecuteAsync(
            "insert into case_key (case_id, key_id, wrapped) values (@caseId, @_current, @Wrapped) on conflict (case_id) do nothing",
            new { caseId, _current, Wrapped = new CaseCipher(_keys[_current], caseId).Encrypt("case_key|wrapped", fresh) });
        return await Find(db, caseId) ?? throw new InvalidOperationException("The data key vanished in its own transaction.");
    }

    /// <summary>Null when the case has none: nothing of it was ever stored.</summary>
    /// <exception cref="InvalidOperationException">The key that wrapped it is not configured any more.</exception>
    public async Task<CaseCipher?> Find(NpgsqlConnection db, Guid caseId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>("select key_id, wrapped from case_key where case_id = @caseId", new { caseId });
        if (row is null)
        {
            return null;
        }

        if (!_keys.TryGetValue(row.KeyId, out var key))
        {
            throw new InvalidOperationException($"Encryption:Keys:{row.KeyId} is not set although cases are wrapped by it.");
        }

        return new CaseCipher(new CaseCipher(key, caseId).Decrypt("case_key|wrapped", row.Wrapped), caseId);
    }

    private sealed record Row(string KeyId, byte[] Wrapped);
}

/// <summary>AES-256-GCM: <c>nonce (12) ‖ tag (16) ‖ ciphertext</c>, bound to place and case, so that a value moved elsewhere does not decrypt.</summary>
internal sealed class CaseCipher(byte[] key, Guid caseId)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <param name="place"><c>table|column</c>, and what else tells the value from its neighbours.</param>
    /// <param name="plain">What to hide.</param>
    public byte[] Encrypt(string place, ReadOnlySpan<byte> plain)
    {
        var sealedBytes = new byte[NonceLength + TagLength + plain.Length];
        var nonce = sealedBytes.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceLength + TagLength), sealedBytes.AsSpan(NonceLength, TagLength), Bound(place));
        return sealedBytes;
    }

    /// <exception cref="CryptographicException">The bytes were changed, or stood elsewhere.</exception>
    public byte[] Decrypt(string place, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < NonceLength + TagLength)
        {
            throw new CryptographicException("The stored value is too short to be an encrypted one.");
        }

        var plain = new byte[sealedBytes.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(sealedBytes[..NonceLength], sealedBytes[(NonceLength + TagLength)..], sealedBytes.Slice(NonceLength, TagLength), plain, Bound(place));
        return plain;
    }

    private byte[] Bound(string place) => Encoding.UTF8.GetBytes($"{place}|{caseId}");
}
