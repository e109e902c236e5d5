using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Support;

/// <summary>
/// An issuer of tokens as any other, over real HTTP: discovery, keys, client credentials; if wanted, a list of what it revoked. Its keys are made for the run.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    /// <summary>All who may be meant by a token of tests.</summary>
    public static readonly string[] Everybody = ["gateway", "intake", "billing", "matching", "physician", "reporting", "identity", "probe", "echo"];

    private readonly WebApplication _app;
    private readonly bool _lists;
    private readonly ConcurrentQueue<RsaSecurityKey> _keys = new();
    private readonly ConcurrentQueue<Revocation> _revoked = new();
    private volatile SigningCredentials _signer = null!;
    private int _askedForKeys;
    private int _askedForTokens;

    private TestIssuer(WebApplication app, bool lists)
    {
        (_app, _lists) = (app, lists);
        Rotate();
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>How often somebody read its keys.</summary>
    public int AskedForKeys => _askedForKeys;

    /// <summary>How often a service asked for a token of its own.</summary>
    public int AskedForTokens => _askedForTokens;

    /// <summary>Seconds for which services' tokens live.</summary>
    public int ServiceTokenLife { get; set; } = 300;

    /// <summary>False: it answers 503 to everything.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>False: only its list of revocations answers 503.</summary>
    public bool ListIsUp { get; set; } = true;

    /// <summary>The key that signs, as everybody may know it.</summary>
    public string PublicKey => ((RsaSecurityKey)_signer.Key).Rsa.ExportRSAPublicKeyPem();

    /// <summary>What a service needs to take it as its issuer.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Identity:Authority"] = Address.AbsoluteUri,
        ["Identity:ClientSecret"] = "a secret of tests",
        // Without a list tokens are to be short; those of tests outlast the test.
        ["Identity:LongestToken"] = "02:00:00",
    };

    public static async Task<TestIssuer> Start(bool lists = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new TestIssuer(builder.Build(), lists);
        issuer.Map();
        await issuer._app.StartAsync();
        issuer.Address = new Uri(issuer._app.Urls.First());
        return issuer;
    }

    /// <summary>From now on another key signs; the former ones are published on.</summary>
    public void Rotate()
    {
        var key = new RsaSecurityKey(RSA.Create(2048)) { KeyId = Guid.CreateVersion7().ToString("n") };
        _keys.Enqueue(key);
        _signer = new SigningCredentials(key, SecurityAlgorithms.RsaSha256);
    }

    public void Revoke(string kind, string id, DateTimeOffset before) => _revoked.Enqueue(new Revocation(kind, id, before));

    /// <summary>A good access token for an hour and a half, but for what is changed in it.</summary>
    public string Token(IReadOnlyDictionary<string, object> claims, Action<SecurityTokenDescriptor>? change = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = Address.AbsoluteUri,
            TokenType = "at+jwt",
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = now.AddMinutes(90).UtcDateTime,
            Claims = new Dictionary<string, object>(claims) { ["jti"] = Guid.CreateVersion7().ToString() },
            SigningCredentials = _signer,
        };
        foreach (var audience in Everybody)
        {
            descriptor.Audiences.Add(audience);
        }

        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Map()
    {
        _app.Use((context, next) =>
        {
            if (IsUp)
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        _app.MapGet("/.well-known/openid-configuration", () =>
        {
            var document = new Dictionary<string, object>
            {
                ["issuer"] = Address.AbsoluteUri,
                ["jwks_uri"] = new Uri(Address, "/keys"),
                ["token_endpoint"] = new Uri(Address, "/token"),
            };
            if (_lists)
            {
                document["secondopinion_revocations_uri"] = new Uri(Address, "/revocations");
            }

            return document;
        });
        _app.MapGet("/keys", () =>
        {
            Interlocked.Increment(ref _askedForKeys);
            return new
            {
                keys = _keys.Select(key => key.Rsa.ExportParameters(includePrivateParameters: false)).Zip(_keys, (rsa, key) => new
                {
                    kty = "RSA",
                    use = "sig",
                    alg = "RS256",
                    kid = key.KeyId,
                    n = Base64UrlEncoder.Encode(rsa.Modulus),
                    e = Base64UrlEncoder.Encode(rsa.Exponent),
                }).ToList(),
            };
        });
        _app.MapGet("/revocations", () => ListIsUp ? Results.Ok(new RevocationList([.. _revoked]))
            : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        _app.MapPost("/token", async (HttpRequest request) =>
        {
            Interlocked.Increment(ref _askedForTokens);
            var form = await request.ReadFormAsync();
            var client = form["client_id"].ToString();
            var token = Token(new Dictionary<string, object> { ["role"] = Roles.Service, ["sub"] = client, ["client_id"] = client }, descriptor =>
            {
                descriptor.Audiences.Clear();
                descriptor.Audiences.Add(form["scope"].ToString());
                descriptor.Expires = descriptor.IssuedAt!.Value.AddSeconds(ServiceTokenLife);
            });
            return new { access_token = token, expires_in = ServiceTokenLife, token_type = "Bearer" };
        });
    }
}
