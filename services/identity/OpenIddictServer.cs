using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenIddict.Server;
using SecondOpinion.Identity.Keys;
using SecondOpinion.Identity.People;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.Identity.Tokens;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Options;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity;

/// <summary>
/// OpenIddict as this issuer uses it: codes with PKCE and refresh tokens for people, client credentials for programs; signed access tokens that services read.
/// </summary>
internal static class OpenIddictServer
{
    public static void AddIssuer(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<IssuerSettings>();
        // Statements of every token request, one line each, tell nothing.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
        builder.Logging.AddFilter("OpenIddict", LogLevel.Warning);
        builder.Services.AddDbContext<IdentityDb>((services, options) =>
            options.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()).UseOpenIddict<Guid>());
        builder.Services.AddSingleton(new Keyring(builder.Configuration));
        builder.Services.AddSingleton<IssuerKeys>();
        builder.Services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(services => services.GetRequiredService<IssuerKeys>());
        builder.Services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>>(services => services.GetRequiredService<IssuerKeys>());

        var authority = builder.Configuration.GetValue<Uri>("Identity:Authority")!;
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<IdentityDb>().ReplaceDefaultEntities<Guid>())
            .AddServer(server =>
            {
                server.SetIssuer(authority)
                    .SetAuthorizationEndpointUris(Authorize.Path[1..])
                    .SetTokenEndpointUris(IssueTokens.Path[1..])
                    .SetEndSessionEndpointUris(EndAccess.LogoutPath[1..])
                    .AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange()
                    .AllowRefreshTokenFlow()
                    .AllowClientCredentialsFlow()
                    .RegisterScopes([Scopes.OpenId, Scopes.OfflineAccess, .. Audiences.Services])
                    .SetAccessTokenLifetime(settings.AccessToken)
                    .SetRefreshTokenLifetime(settings.Session)
                    // Services read them; what they hold is no secret to their bearer.
                    .DisableAccessTokenEncryption();
                if (builder.Configuration["TryOut:Secret"] is { Length: > 0 })
                {
                    server.AllowCustomFlow(TryOut.GrantType);
                }

                server.AddEventHandler<OpenIddictServerEvents.HandleConfigurationRequestContext>(handler => handler.UseInlineHandler(context =>
                {
                    context.Metadata[IssuerMetadata.RevocationsUri] = new Uri(authority, Revocations.Path).AbsoluteUri;
                    return ValueTask.CompletedTask;
                }));
                var host = server.UseAspNetCore()
                    .EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough()
                    .EnableEndSessionEndpointPassthrough();
                if (authority.Scheme == Uri.UriSchemeHttp)
                {
                    // IdentityOptions lets no other address than this machine's be without TLS.
                    host.DisableTransportSecurityRequirement();
                }
            });
    }

    /// <summary>What OpenIddict answers by itself has to be a route all the same: what is none is a 404 before it is asked.</summary>
    public static void MapIssuer(this WebApplication app)
    {
        foreach (var path in (string[])["/.well-known/openid-configuration", "/.well-known/jwks"])
        {
            app.MapGet(path, () => Results.NotFound()).AllowAnonymous().ExcludeFromDescription();
        }
    }

}
