using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>
/// Who may call: a bearer token with one <c>role</c>. Nothing is open unless an endpoint says so (fallback policy). The issuer comes from <see
/// cref="IdentityOptions"/>: the local one (services/identity) or any other of OpenID Connect.
/// </summary>
public static class Roles
{
    public const string Patient = "patient";
    public const string Physician = "physician";
    public const string Agent = "agent";
    public const string Council = "council";
    public const string Ops = "ops";
    public const string Partner = "partner";
    public const string Service = "service";

    public static readonly IReadOnlyList<string> All = [Patient, Physician, Agent, Council, Ops, Partner, Service];

    /// <summary>Opens an endpoint or a group to these roles and to nobody else.</summary>
    public static TBuilder AllowRoles<TBuilder>(this TBuilder endpoint, params string[] roles) where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder().RequireRole(roles).Build());

    internal static void AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddTokens(configuration);
        services.AddSingleton<BearerTokens>();
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>>(provider => provider.GetRequiredService<BearerTokens>());
        services.AddSingleton<IPostConfigureOptions<JwtBearerOptions>>(provider => provider.GetRequiredService<BearerTokens>());
        BearerTokens.Add(services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme));
        services.AddSingleton<IAuthorizationHandler, GrpcCalls.Judge>();
        services.AddJob<ReadRevocations>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(_ => false).Build());
    }
}
