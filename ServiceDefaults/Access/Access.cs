using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// Who may call: a bearer token with one <c>role</c>. Nothing is open unless an endpoint says so (fallback policy). Keys, issuer and audience come
/// from <c>Authentication:Schemes:Bearer</c>, so any OIDC issuer can take the place of the local key.
/// </summary>
public static class Access
{
    public const string Patient = "patient";
    public const string Physician = "physician";
    public const string Agent = "agent";
    public const string Council = "council";
    public const string Ops = "ops";
    public const string Partner = "partner";
    public const string Service = "service";

    public static readonly IReadOnlyList<string> Roles = [Patient, Physician, Agent, Council, Ops, Partner, Service];

    /// <summary>Opens an endpoint or a group to these roles and to nobody else.</summary>
    public static TBuilder AllowRoles<TBuilder>(this TBuilder endpoint, params string[] roles) where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder().RequireRole(roles).Build());

    internal static void AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        if (!configuration.GetSection("Authentication:Schemes:Bearer").Exists())
        {
            throw new InvalidOperationException(
                "No token issuer is configured. Set Authentication:Schemes:Bearer (ValidIssuer, ValidAudiences, and Authority or SigningKeys); AppHost does "
                    + "it for local runs.");
        }

        services.AddAuthentication().AddJwtBearer(options =>
        {
            options.MapInboundClaims = false;
            options.TokenValidationParameters.RoleClaimType = "role";
            options.TokenValidationParameters.NameClaimType = "sub";
            options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(30);
            options.TokenValidationParameters.RequireExpirationTime = true;
            options.TokenValidationParameters.RequireSignedTokens = true;
            options.TokenValidationParameters.ValidAlgorithms = ["HS256", "RS256", "PS256", "ES256"];
        });
        services.AddSingleton<AcceptedTokens>();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<AcceptedTokens>((options, accepted) =>
            options.Events = new JwtBearerEvents { OnMessageReceived = accepted.Recognise, OnTokenValidated = accepted.Keep });
        // The framework hands the signing keys over as a query that reads the configuration anew for every request.
        services.PostConfigure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
            options.TokenValidationParameters.IssuerSigningKeys = options.TokenValidationParameters.IssuerSigningKeys?.ToArray());
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(_ => false).Build());
    }
}
