using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using OpenIddict.Abstractions;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.Identity.Tokens;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity.Clients;

/// <summary>
/// Brings the clients that the configuration names into the store: services (<c>Clients:NAME:Secret</c> and the <c>Scopes</c> they may ask for), portals for
/// people (<c>Clients:NAME:RedirectUris</c>), and the one of <c>./run token</c>. One that left the configuration is deleted and its tokens are revoked.
/// </summary>
internal sealed class KeepClients(
    IServiceScopeFactory scopes, IConfiguration configuration, NpgsqlDataSource dataSource, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    public const string Role = "role";
    public const string InsurerId = "insurer_id";
    private const string Fingerprint = "configured";

    internal sealed class Client
    {
        public string? Secret { get; set; }

        public string[] Scopes { get; set; } = [];

        public string[] RedirectUris { get; set; } = [];

        public string[] PostLogoutRedirectUris { get; set; } = [];
    }

    /// <summary>Beside the first requests, which nobody should have to wait for: a service that is not known yet asks again.</summary>
    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        var wanted = Wanted().ToDictionary(d => d.ClientId!);
        await foreach (var known in applications.ListAsync(cancellationToken: cancel))
        {
            var properties = await applications.GetPropertiesAsync(known, cancel);
            if (!properties.TryGetValue(Fingerprint, out var mark))
            {
                // A partner's, made through the API.
                continue;
            }

            var id = (await applications.GetClientIdAsync(known, cancel))!;
            if (!wanted.Remove(id, out var descriptor))
            {
                await applications.DeleteAsync(known, cancel);
                await Revocations.Add(dataSource, "client", id, time.GetUtcNow(), cancel);
            }
            else if (mark.GetString() != descriptor.Properties[Fingerprint].GetString())
            {
                await applications.UpdateAsync(known, descriptor, cancel);
            }
        }

        foreach (var descriptor in wanted.Values)
        {
            await applications.CreateAsync(descriptor, cancel);
        }

        return Next.Never;
    }

    private IEnumerable<OpenIddictApplicationDescriptor> Wanted()
    {
        foreach (var section in configuration.GetSection("Clients").GetChildren())
        {
            var client = section.Get<Client>() ?? new Client();
            yield return client.RedirectUris.Length > 0 ? Portal(section.Key, client) : Service(section.Key, client);
        }

        if (configuration["TryOut:Secret"] is { Length: > 0 } secret)
        {
            var tools = new OpenIddictApplicationDescriptor { ClientId = TryOut.ClientId, ClientSecret = secret, ClientType = ClientTypes.Confidential };
            tools.Permissions.UnionWith([Permissions.Endpoints.Token, Permissions.Prefixes.GrantType + TryOut.GrantType]);
            yield return Marked(tools);
        }
    }

    private static OpenIddictApplicationDescriptor Service(string name, Client client)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            ClientType = ClientTypes.Confidential,
            ClientSecret = client.Secret ?? throw new InvalidOperationException(
                $"Clients:{name}:Secret is not set, and there are no RedirectUris: it is neither a service nor a portal."),
        };
        descriptor.Permissions.UnionWith(
            [Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, .. client.Scopes.Select(s => Permissions.Prefixes.Scope + s)]);
        descriptor.Properties[Role] = JsonSerializer.SerializeToElement(Roles.Service);
        return Marked(descriptor);
    }

    private static OpenIddictApplicationDescriptor Portal(string name, Client client)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            ClientType = client.Secret is null ? ClientTypes.Public : ClientTypes.Confidential,
            ClientSecret = client.Secret,
            ConsentType = ConsentTypes.Implicit,
        };
        descriptor.RedirectUris.UnionWith(client.RedirectUris.Select(u => new Uri(u)));
        descriptor.PostLogoutRedirectUris.UnionWith(client.PostLogoutRedirectUris.Select(u => new Uri(u)));
        descriptor.Permissions.UnionWith(
        [
            Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.EndSession,
            Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code,
        ]);
        descriptor.Requirements.Add(Requirements.Features.ProofKeyForCodeExchange);
        return Marked(descriptor);
    }

    /// <summary>What was configured, so that a start changes nothing where nothing changed: hashing a secret anew takes a tenth of a second.</summary>
    private static OpenIddictApplicationDescriptor Marked(OpenIddictApplicationDescriptor descriptor)
    {
        var all = JsonSerializer.Serialize(new
        {
            descriptor.ClientSecret,
            Permissions = descriptor.Permissions.Order(),
            RedirectUris = descriptor.RedirectUris.Select(u => u.AbsoluteUri).Order(),
            PostLogoutRedirectUris = descriptor.PostLogoutRedirectUris.Select(u => u.AbsoluteUri).Order(),
        });
        descriptor.Properties[Fingerprint] = JsonSerializer.SerializeToElement(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all))));
        return descriptor;
    }
}
