using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using OpenIddict.Server;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Identity.Keys;

/// <summary>
/// The keys of this issuer: kept sealed, published before they sign and after they have ceased to, changed without a restart. A key that does not open (its
/// <c>Encryption:Keys</c> version was taken away) is replaced: its tokens end some minutes early, nothing is lost.
/// </summary>
internal sealed class IssuerKeys(NpgsqlDataSource dataSource, Keyring keyring, IssuerSettings settings, TimeProvider time)
    : IConfigureOptions<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictServerOptions>, IDisposable
{
    private const long LockKey = 0x5EC0_1DE7;
    private IReadOnlyList<Key> _keys = [];
    private CancellationTokenSource _changed = new();

    public string Name => Options.DefaultName;

    public IChangeToken GetChangeToken() => new CancellationChangeToken(_changed.Token);

    /// <summary>The one that signs now comes first: it is the one that OpenIddict takes. All are published.</summary>
    public void Configure(OpenIddictServerOptions options)
    {
        var now = time.GetUtcNow();
        var signing = _keys.Where(k => k.Purpose == "sign").OrderByDescending(k => k.SignsFrom <= now).ThenByDescending(k => k.SignsFrom).ToList();
        foreach (var key in signing)
        {
            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(key.Plain, out _);
            options.SigningCredentials.Add(new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = key.Id.ToString("n") }, SecurityAlgorithms.RsaSha256));
        }

        foreach (var key in _keys.Where(k => k.Purpose == "seal"))
        {
            options.EncryptionCredentials.Add(new EncryptingCredentials(
                new SymmetricSecurityKey(key.Plain) { KeyId = key.Id.ToString("n") }, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
        }
    }

    /// <summary>Makes what is due, lets go what no valid token needs, and takes all into use.</summary>
    public Task Keep(CancellationToken cancel) => Change(at: null, forgetOthers: false, cancel);

    /// <summary>Another key follows: after the usual notice, or, should the present one be known to somebody, at once and without the former ones.</summary>
    public Task Rotate(bool atOnce, CancellationToken cancel) =>
        Change(time.GetUtcNow() + (atOnce ? TimeSpan.Zero : settings.PublishBefore), forgetOthers: atOnce, cancel);

    public void Dispose() => _changed.Dispose();

    private async Task Change(DateTimeOffset? at, bool forgetOthers, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        _keys = await dataSource.InTransaction(async db =>
        {
            await db.ExecuteAsync("select pg_advisory_xact_lock(@LockKey)", new { LockKey });
            var keys = new List<Key>();
            foreach (var row in await db.QueryAsync<Row>("select id, purpose, key_version, sealed, made_at, signs_from from issuer_key order by signs_from"))
            {
                if (Opened(row) is { } key && !(forgetOthers && key.Purpose == "sign"))
                {
                    keys.Add(key);
                    await SealAnew(db, row, key);
                }
                else
                {
                    await db.ExecuteAsync("delete from issuer_key where id = @Id", new { row.Id });
                }
            }

            if (!keys.Any(k => k.Purpose == "seal"))
            {
                keys.Add(await Make(db, "seal", RandomNumberGenerator.GetBytes(32), now));
            }

            var newest = keys.LastOrDefault(k => k.Purpose == "sign");
            if (newest is null || at is not null || newest.MadeAt + settings.RotateAfter <= now)
            {
                using var rsa = RSA.Create(2048);
                keys.Add(await Make(db, "sign", rsa.ExportPkcs8PrivateKey(), newest is null ? now : at ?? now + settings.PublishBefore));
            }

            var signing = keys.Where(k => k.Purpose == "sign").ToList();
            foreach (var (former, next) in signing.Zip(signing.Skip(1)).Where(pair => pair.Second.SignsFrom + IssuerSettings.KeepAfter < now))
            {
                await db.ExecuteAsync("delete from issuer_key where id = @Id", new { former.Id });
                keys.Remove(former);
            }

            return keys;
        }, cancel);
        Interlocked.Exchange(ref _changed, new CancellationTokenSource()).Cancel();
    }

    private Key? Opened(Row row)
    {
        try
        {
            return new Key(row.Id, row.Purpose, keyring.Open(Place(row.Id), row.KeyVersion, row.Sealed), Utc(row.MadeAt), Utc(row.SignsFrom));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task SealAnew(NpgsqlConnection db, Row row, Key key)
    {
        if (row.KeyVersion != keyring.Current)
        {
            await db.ExecuteAsync("update issuer_key set key_version = @Current, sealed = @Sealed where id = @Id",
                new { row.Id, keyring.Current, Sealed = keyring.Seal(Place(row.Id), key.Plain) });
        }
    }

    private async Task<Key> Make(NpgsqlConnection db, string purpose, byte[] plain, DateTimeOffset signsFrom)
    {
        var key = new Key(Guid.CreateVersion7(), purpose, plain, time.GetUtcNow(), signsFrom);
        await db.ExecuteAsync(
            "insert into issuer_key (id, purpose, key_version, sealed, made_at, signs_from) values (@Id, @Purpose, @Current, @Sealed, @MadeAt, @SignsFrom)",
            new { key.Id, key.Purpose, keyring.Current, Sealed = keyring.Seal(Place(key.Id), plain), key.MadeAt, key.SignsFrom });
        return key;
    }

    private static string Place(Guid id) => $"issuer_key|sealed|{id}";

    private static DateTimeOffset Utc(DateTime time) => new(time, TimeSpan.Zero);

    private sealed record Row(Guid Id, string Purpose, string KeyVersion, byte[] Sealed, DateTime MadeAt, DateTime SignsFrom);

    private sealed record Key(Guid Id, string Purpose, byte[] Plain, DateTimeOffset MadeAt, DateTimeOffset SignsFrom);
}
