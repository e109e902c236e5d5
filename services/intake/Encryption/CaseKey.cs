using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace SecondOpinion.Intake.Encryption;

/// <summary>The data key of one case: seals and opens what its people say. Dispose wipes it from memory.</summary>
internal sealed class CaseKey : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly Guid _caseId;
    private readonly byte[] _key;

    private CaseKey(Guid caseId, byte[] key)
    {
        _caseId = caseId;
        _key = key;
    }

    /// <summary>Makes the key of a new case and keeps it, wrapped.</summary>
    public static async Task<CaseKey> Create(NpgsqlConnection db, Keyring keyring, Guid caseId)
    {
        var key = RandomNumberGenerator.GetBytes(Envelope.KeySize);
        await db.ExecuteAsync(
            "insert into case_key (case_id, key_version, wrapped_key) values (@caseId, @Current, @Wrapped)",
            new { caseId, keyring.Current, Wrapped = keyring.Wrap(caseId, key) });
        return new CaseKey(caseId, key);
    }

    public static async Task<CaseKey> Of(NpgsqlConnection db, Keyring keyring, Guid caseId)
    {
        var (version, wrapped) = await db.QuerySingleAsync<(string, byte[])>(
            "select key_version, wrapped_key from case_key where case_id = @caseId", new { caseId });
        return new CaseKey(caseId, keyring.Unwrap(caseId, version, wrapped));
    }

    /// <param name="place">Table and column, e.g. <c>case_file|sealed_answers</c>; part of what is authenticated.</param>
    /// <param name="value">What to hide; kept as JSON.</param>
    /// <param name="row">The row, when it is not the case's own.</param>
    public byte[] Seal<T>(string place, T value, Guid? row = null) =>
        SealBytes(place, JsonSerializer.SerializeToUtf8Bytes(value, Json), row);

    public byte[] SealBytes(string place, ReadOnlySpan<byte> value, Guid? row = null) => Envelope.Seal(_key, value, Place(place, row));

    /// <exception cref="CryptographicException">The value was changed or comes from another row.</exception>
    public T Open<T>(string place, ReadOnlySpan<byte> box, Guid? row = null) => JsonSerializer.Deserialize<T>(OpenBytes(place, box, row), Json)!;

    public byte[] OpenBytes(string place, ReadOnlySpan<byte> box, Guid? row = null) => Envelope.Open(_key, box, Place(place, row));

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private string Place(string place, Guid? row) => row is null ? $"{place}|{_caseId}" : $"{place}|{_caseId}|{row}";
}
