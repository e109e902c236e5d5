using SecondOpinion.ServiceDefaults.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>One kind of key that a service holds. Every service that seals or hashes under a versioned key of the installation registers one.</summary>
/// <param name="Purpose">E.g. <c>cases</c>; versions of one purpose are the same key in every service.</param>
/// <param name="Current">The version for what is new.</param>
/// <param name="Configured">All versions on the ring.</param>
/// <param name="Count">How many rows still need each version.</param>
public sealed record KeyUse(
    string Purpose, string Current, IReadOnlyCollection<string> Configured, Func<CancellationToken, Task<IReadOnlyDictionary<string, long>>> Count);

/// <summary>What a service says of one version; no key, only names and counts.</summary>
/// <param name="Rows">Rows of this service that cannot be read without it.</param>
public sealed record KeyVersionUse(string Purpose, string Version, bool IsCurrent, bool IsConfigured, long Rows);

/// <summary><c>GET /keys</c> on the service's own port, for the gateway's question over all services.</summary>
internal static class KeyUses
{
    public static void MapKeyUses(this WebApplication app) => app.MapGet("/keys", async (IEnumerable<KeyUse> uses, CancellationToken cancel) =>
    {
        var versions = new List<KeyVersionUse>();
        foreach (var use in uses)
        {
            var rows = await use.Count(cancel);
            versions.AddRange(use.Configured.Union(rows.Keys).Order(StringComparer.Ordinal).Select(version => new KeyVersionUse(
                use.Purpose, version, version == use.Current, use.Configured.Contains(version), rows.GetValueOrDefault(version))));
        }

        return TypedResults.Ok(versions);
    }).AllowRoles(Roles.Ops).ExcludeFromDescription();
}
