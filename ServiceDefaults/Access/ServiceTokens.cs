using Microsoft.Extensions.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// The token with which a service calls another (role <c>service</c>), five minutes long and renewed a minute before its end. It is signed with the
/// first key of <c>Authentication:Schemes:Bearer:SigningKeys</c>, which every service of one installation shares.
/// </summary>
internal sealed class ServiceTokens(IConfiguration configuration, ServiceName service, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private Token? _current;

    public string Current()
    {
        var now = time.GetUtcNow();
        if (_current is not { } token || token.RenewAt <= now)
        {
            _current = token =
                new Token(LocalTokens.Create(configuration, Access.Service, service.Value, new Dictionary<string, object>(), now, Life),
                    now + Life - TimeSpan.FromMinutes(1));
        }

        return token.Value;
    }

    private sealed record Token(string Value, DateTimeOffset RenewAt);
}

/// <summary>Tokens signed with the installation's own key: for services, for <c>./run token</c> and for tests.</summary>
public static class LocalTokens
{
    /// <exception cref="InvalidOperationException">No signing key is configured.</exception>
    public static string Create(
        IConfiguration configuration, string role, string subject, IReadOnlyDictionary<string, object> claims, DateTimeOffset now, TimeSpan life)
    {
        var scheme = configuration.GetSection("Authentication:Schemes:Bearer");
        var key = scheme["SigningKeys:0:Value"] ?? throw new InvalidOperationException(
            "No signing key: set Authentication:Schemes:Bearer:SigningKeys:0:Value (base64, at least 32 bytes).");
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = scheme["ValidIssuer"],
            Audience = scheme["ValidAudiences:0"],
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + life).UtcDateTime,
            Claims = new Dictionary<string, object>(claims) { ["role"] = role, ["sub"] = subject },
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Convert.FromBase64String(key)), SecurityAlgorithms.HmacSha256),
        };
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }
}
