using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// How a bearer token is judged: signed by a key that the issuer publishes, an access token, for this service, of now, of one role, not revoked. The same for
/// the caller's token and for the one with which a service vouches for a person's (<see cref="ServiceScheme"/>).
/// </summary>
internal sealed class BearerTokens(Issuer issuer, Revocations revocations, IdentityOptions identity, ServiceName service)
    : IConfigureNamedOptions<JwtBearerOptions>, IPostConfigureOptions<JwtBearerOptions>
{
    /// <summary>The scheme of the header <see cref="ServiceHeader"/>.</summary>
    public const string ServiceScheme = "service";

    /// <summary>A service's own token, beside a person's in <c>Authorization</c>.</summary>
    public const string ServiceHeader = "Service-Authorization";

    private const int LongestToken = 16 * 1024;
    private const string Prefix = "Bearer ";

    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384,
    ];

    private readonly AcceptedTokens _accepted = new(TimeProvider.System);
    private readonly string _audience = identity.Audience ?? service.Value;

    public static void Add(AuthenticationBuilder authentication) => authentication.AddJwtBearer().AddJwtBearer(ServiceScheme, _ => { });

    public void Configure(JwtBearerOptions options) => Configure(Microsoft.Extensions.Options.Options.DefaultName, options);

    public void Configure(string? name, JwtBearerOptions options)
    {
        options.MapInboundClaims = false;
        options.ConfigurationManager = issuer;
        var header = name == ServiceScheme ? ServiceHeader : "Authorization";
        options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context => Receive(context, header),
            OnTokenValidated = context => Judge(context, header),
            OnAuthenticationFailed = context =>
            {
                if (context.Exception is SecurityTokenExpiredException)
                {
                    TokenFault.Set(context.HttpContext, TokenProblems.HasExpired());
                }
                else if (context.Exception is SecurityTokenInvalidAudienceException)
                {
                    TokenFault.Set(context.HttpContext, TokenProblems.IsForOthers(_audience));
                }

                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                if (TokenFault.Of(context.HttpContext, StatusCodes.Status503ServiceUnavailable) is not null)
                {
                    context.HandleResponse();
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                }

                return Task.CompletedTask;
            },
        };
    }

    /// <summary>After the framework has put what <c>Authentication:Schemes</c> may hold: nothing of it counts here.</summary>
    public void PostConfigure(string? name, JwtBearerOptions options)
    {
        options.Authority = null;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            RoleClaimType = "role",
            NameClaimType = "sub",
            ValidAudience = _audience,
            ValidAlgorithms = Algorithms,
            ValidTypes = identity.AcceptedTypes,
            ClockSkew = identity.ClockSkew,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            RequireAudience = true,
            ValidateIssuerSigningKey = true,
        };
        options.TokenHandlers.Clear();
        options.TokenHandlers.Add(new JsonWebTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = LongestToken });
    }

    private async Task Receive(MessageReceivedContext context, string header)
    {
        var value = context.Request.Headers[header].ToString();
        if (!value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            context.NoResult();
            return;
        }

        if (_accepted.Find(value) is { } accepted)
        {
            if (revocations.Judge(accepted.Facts, accepted.IsListed) is { } ended)
            {
                TokenFault.Set(context.HttpContext, ended);
                context.Fail(ended.Type.Code);
                return;
            }

            context.Principal = accepted.Principal;
            context.Success();
            return;
        }

        var token = context.Token = value[Prefix.Length..].Trim();
        try
        {
            // A key that is not known may be new. The token is read for its number only; whether it is good is judged afterwards.
            var kid = token.Length <= LongestToken && new JsonWebTokenHandler().CanReadToken(token) ? new JsonWebToken(token).Kid : null;
            if (string.IsNullOrEmpty(kid) || !await issuer.Signs(kid, context.HttpContext.RequestAborted))
            {
                context.Fail("The issuer has no such key.");
            }
        }
        catch (ArgumentException)
        {
            // Three parts, and no JSON in them.
            context.Fail("This is no token.");
        }
        catch (IssuerAwayException)
        {
            TokenFault.Set(context.HttpContext, TokenProblems.CannotBeJudged());
            context.Fail("The issuer is away.");
        }
    }

    private async Task Judge(TokenValidatedContext context, string header)
    {
        var token = (JsonWebToken)context.SecurityToken;
        var facts = TokenFacts.Of(token);
        var isListed = Revocations.Address(await issuer.GetConfigurationAsync(context.HttpContext.RequestAborted)) is not null;
        if (token.TryGetHeaderValue<object>("crit", out _) || facts.IssuedAt == DateTimeOffset.MinValue || string.IsNullOrEmpty(facts.Subject))
        {
            // An extension that we must understand and do not; no issue time, no subject.
            context.Fail("The token lacks something or asks for too much.");
        }
        else if (revocations.Judge(facts, isListed) is { } ended)
        {
            TokenFault.Set(context.HttpContext, ended);
            context.Fail(ended.Type.Code);
        }
        else if (TokenClaims.Settle(context.Principal!, _audience) is { } roleless)
        {
            // Known, and without any right: every policy asks for a role.
            TokenFault.Set(context.HttpContext, roleless);
        }
        else
        {
            _accepted.Keep(context.Request.Headers[header].ToString(), context.Principal!, facts, isListed);
        }
    }
}

/// <summary>What judges tokens and gets the service's own.</summary>
internal static class TokenRegistration
{
    public static void AddTokens(this IServiceCollection services, Microsoft.Extensions.Configuration.IConfiguration configuration)
    {
        if (services.Any(known => known.ServiceType == typeof(IdentityOptions)))
        {
            return;
        }

        services.AddSingleton(IdentityOptions.Read(configuration));
        services.AddSingleton<Issuer>();
        services.AddSingleton<Revocations>();
        services.AddSingleton<ServiceTokens>();
    }
}
