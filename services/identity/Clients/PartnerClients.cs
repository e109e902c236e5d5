using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using OpenIddict.Abstractions;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace SecondOpinion.Identity.Clients;

/// <summary>An insurer's own program (client credentials), made and ended by operators.</summary>
internal static class PartnerClients
{
    /// <param name="Name">The client id will be <c>partner-NAME</c>.</param>
    public sealed record Request(string Name, Guid InsurerId);

    /// <param name="ClientSecret">Shown once; only its hash is kept.</param>
    public sealed record Response(string ClientId, string ClientSecret);

    public static void Map(WebApplication app)
    {
        app.MapPost("/partner-clients", Make).AllowRoles(Roles.Ops).ExcludeFromDescription();
        app.MapDelete("/partner-clients/{clientId}", End).AllowRoles(Roles.Ops).ExcludeFromDescription();
    }

    private static async Task<Results<Created<Response>, Problem>> Make(Request request, IOpenIddictApplicationManager applications, CancellationToken cancel)
    {
        if (request.Name.Length is 0 or > 60 || !request.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            return CommonProblems.Invalid(new FieldError("#/name", "not_a_name", "Donnez de 1 à 60 lettres minuscules, chiffres ou tirets."));
        }

        var clientId = $"partner-{request.Name}";
        if (await applications.FindByClientIdAsync(clientId, cancel) is not null)
        {
            return Problems.ThereIsSuchAClient();
        }

        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var descriptor = new OpenIddictApplicationDescriptor { ClientId = clientId, ClientSecret = secret, ClientType = ClientTypes.Confidential };
        descriptor.Permissions.UnionWith([Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials]);
        descriptor.Properties[KeepClients.Role] = JsonSerializer.SerializeToElement(Roles.Partner);
        descriptor.Properties[KeepClients.InsurerId] = JsonSerializer.SerializeToElement(request.InsurerId);
        await applications.CreateAsync(descriptor, cancel);
        return TypedResults.Created($"/partner-clients/{clientId}", new Response(clientId, secret));
    }

    private static async Task<Results<NoContent, Problem>> End(
        string clientId, IOpenIddictApplicationManager applications, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        if (!clientId.StartsWith("partner-", StringComparison.Ordinal) || await applications.FindByClientIdAsync(clientId, cancel) is not { } application)
        {
            return CommonProblems.Absent();
        }

        // First no more tokens, then none of those that are out.
        await applications.DeleteAsync(application, cancel);
        await Revocations.Add(dataSource, "client", clientId, time.GetUtcNow(), cancel);
        return TypedResults.NoContent();
    }
}
