using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Billing.Identity;

/// <summary>
/// The hashing keys, outside the database: <c>Beneficiaries:Keys:{id}</c> (base64, 32 bytes or more) and <c>Beneficiaries:CurrentKey</c>, the id for new
/// rosters.
/// </summary>
internal sealed class HashingOptions : ISettings
{
    public static string Section => "Beneficiaries";

    public string CurrentKey { get; set; } = "";

    public Dictionary<string, string> Keys { get; set; } = [];
}

/// <summary>
/// Keys by id. Each roster version remembers the id of the key that made it, so a new key takes over insurer by insurer, with the next whole roster.
/// </summary>
internal sealed class IdentityKeys
{
    private const int MinBytes = 32;
    private readonly Dictionary<string, byte[]> _keys = [];
    private readonly ConcurrentDictionary<string, ThreadLocal<IdentityHasher>> _hashers = new();

    /// <exception cref="InvalidOperationException">A key is missing, unreadable or too short; the message says what to set.</exception>
    public IdentityKeys(HashingOptions options)
    {
        // A blank value is a key taken away: an environment variable can be emptied where a file above still names it.
        foreach (var (id, text) in options.Keys.Where(k => !string.IsNullOrWhiteSpace(k.Value)))
        {
            var key = new byte[text.Length];
            if (!Convert.TryFromBase64String(text, key, out var length) || length < MinBytes)
            {
                throw new InvalidOperationException($"Beneficiaries:Keys:{id} must be base64 of at least {MinBytes} random bytes.");
            }

            _keys[id] = key[..length];
        }

        if (!_keys.ContainsKey(options.CurrentKey))
        {
            throw new InvalidOperationException(
                "Beneficiaries:CurrentKey must name one of Beneficiaries:Keys:{id} (base64, 32 random bytes). Without it no identity can be hashed; AppHost "
                    + "sets it for local runs.");
        }

        CurrentId = options.CurrentKey;
    }

    /// <summary>The key for new rosters.</summary>
    public string CurrentId { get; }

    public IReadOnlyCollection<string> Ids => _keys.Keys;

    /// <exception cref="InvalidOperationException">One of these is not configured; the message says which.</exception>
    public void Require(IEnumerable<string> keyIds)
    {
        foreach (var keyId in keyIds.Where(id => !Knows(id)))
        {
            throw Missing(keyId);
        }
    }

    public bool Knows(string keyId) => _keys.ContainsKey(keyId);

    /// <summary>A hasher of one's own, e.g. for one thread of an import. Dispose it.</summary>
    /// <exception cref="InvalidOperationException">The key was taken out of the configuration while a roster still needs it.</exception>
    public IdentityHasher NewHasher(string keyId) => new(Key(keyId));

    /// <summary>A batch of one's own, for one thread of an import. Dispose it.</summary>
    /// <exception cref="InvalidOperationException">The key was taken out of the configuration while a roster still needs it.</exception>
    public IdentityHashBatch NewBatch(string keyId) => new(Key(keyId));

    /// <summary>A key for another purpose, made from a hashing key: one secret to keep instead of two.</summary>
    public byte[] Derive(string keyId, string purpose) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Key(keyId), 32, info: Encoding.UTF8.GetBytes(purpose));

    /// <summary>The calling thread's hasher; do not keep it across an await.</summary>
    public IdentityHasher Hasher(string keyId) =>
        _hashers.GetOrAdd(keyId, static (id, keys) => new ThreadLocal<IdentityHasher>(() => keys.NewHasher(id)), this).Value!;

    /// <summary>For <c>./run keys</c>: a version is needed while a roster that can answer, or be rolled back to, was made with it, or a
    /// webhook's secret is sealed under one derived from it.</summary>
    public KeyUse Use(NpgsqlDataSource dataSource) => new("beneficiaries", CurrentId, Ids, async cancel =>
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QueryAsync<(string KeyId, long Rows)>("""
            select key_id, count(*)
            from (
              select key_id from roster_version where dropped_at is null
              union all select key_id from webhook
              union all select former_key_id from webhook where former_key_id is not null) as needed
            group by key_id
            """))
            .ToDictionary(v => v.KeyId, v => v.Rows);
    });

    private byte[] Key(string keyId) => _keys.GetValueOrDefault(keyId) ?? throw Missing(keyId);

    private static InvalidOperationException Missing(string keyId) =>
        new($"Beneficiaries:Keys:{keyId} is not set, but a roster that still answers was made with it. "
            + "Put it back until that insurer has sent a whole roster.");
}
