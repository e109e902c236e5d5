using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// The data key of one case in one service (table <c>case_key</c>): seals and opens what its people say. It is stored wrapped by a key of the installation;
/// deleting the row makes the case unreadable in that service for good. Dispose wipes it from memory.
/// </summary>
public sealed class CaseKey : IDisposable
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);
    private readonly Guid _caseId;
    private readonly byte[] _key;

    private CaseKey(Guid caseId, byte[] key)
    {
        _caseId = caseId;
        _key = key;
    }

    /// <summary>Makes the key of a case that has none yet; else gives the one it has.</summary>
    public static async Task<CaseKey> OfOrNew(NpgsqlConnection db, Keyring keyring, Guid caseId)
    {
        await db.ExecuteAsync(
            "insert into case_key (case_id, key_version, wrapped_key) values (@caseId, @Current, @Wrapped) on conflict (case_id) do nothing",
            new { caseId, keyring.Current, Wrapped = keyring.Wrap(caseId, RandomNumberGenerator.GetBytes(Envelope.KeySize)) });
        return await Of(db, keyring, caseId);
    }

    /// <exception cref="InvalidOperationException">The case has no key: it was erased, or nothing of it was ever stored.</exception>
    /// <exception cref="CryptographicException">The key that wrapped it is not configured any more.</exception>
    public static async Task<CaseKey> Of(NpgsqlConnection db, Keyring keyring, Guid caseId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>("select key_version, wrapped_key from case_key where case_id = @caseId", new { caseId })
            ?? throw new InvalidOperationException("The case has no key: it was erased, or nothing of it was ever stored.");
        return new CaseKey(caseId, keyring.Unwrap(caseId, row.KeyVersion, row.WrappedKey));
    }

    /// <param name="place">Where the value will stand.</param>
    /// <param name="value">What to hide; kept as JSON.</param>
    /// <param name="json">How; camelCase when not said.</param>
    public byte[] Seal<T>(SealedPlace place, T value, JsonSerializerOptions? json = null) =>
        SealBytes(place, JsonSerializer.SerializeToUtf8Bytes(value, json ?? Web));

    public byte[] SealBytes(SealedPlace place, ReadOnlySpan<byte> value) => Envelope.Seal(_key, value, place.In(_caseId));

    /// <exception cref="CryptographicException">The value was changed or comes from another place.</exception>
    public T Open<T>(SealedPlace place, ReadOnlySpan<byte> box, JsonSerializerOptions? json = null) =>
        JsonSerializer.Deserialize<T>(OpenBytes(place, box), json ?? Web)!;

    /// <exception cref="CryptographicException">The value was changed or comes from another place.</exception>
    public byte[] OpenBytes(SealedPlace place, ReadOnlySpan<byte> box)
    {
        try
        {
            return Envelope.Open(_key, box, place.In(_caseId));
        }
        catch (AuthenticationTagMismatchException) when (place.FormerlyIn(_caseId) is { } former)
        {
            return Envelope.Open(_key, box, former);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private sealed record Row(string KeyVersion, byte[] WrappedKey);
}
