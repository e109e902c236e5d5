using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>Keys of cases for a service: the ring, the check at start, the rewrapping after a rotation, and what <c>./run keys</c> asks.</summary>
public static class CaseKeys
{
    /// <summary>Purpose of the keys under <c>Encryption:Keys</c>, as <c>./run keys</c> names it.</summary>
    public const string Purpose = "cases";

    /// <summary>The service's database must have the table <c>case_key (case_id, key_version, wrapped_key)</c>.</summary>
    /// <exception cref="InvalidOperationException">A key is missing or unreadable: the service must not start.</exception>
    public static void AddCaseKeys(this WebApplicationBuilder builder)
    {
        // Made here and not on first use.
        var keyring = new Keyring(builder.Configuration);
        builder.Services.AddSingleton(keyring);
        builder.Services.AddHostedService<NeededKeys>();
        builder.Services.AddJob<RewrapCaseKeys>();
        builder.Services.AddSingleton(services => new KeyUse(
            Purpose, keyring.Current, keyring.Versions, cancel => Counts(services.GetRequiredService<NpgsqlDataSource>(), cancel)));
    }

    internal static async Task<IReadOnlyDictionary<string, long>> Counts(NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QueryAsync<(string Version, long Rows)>("select key_version, count(*) from case_key group by key_version"))
            .ToDictionary(v => v.Version, v => v.Rows);
    }
}

/// <summary>A version that cases are still wrapped under is not configured: the start ends here, instead of every reading of those cases later.</summary>
internal sealed class NeededKeys(NpgsqlDataSource dataSource, Keyring keyring) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var missing = (await CaseKeys.Counts(dataSource, cancellationToken)).Where(v => !keyring.Versions.Contains(v.Key)).ToList();
        if (missing.Count > 0)
        {
            throw new InvalidOperationException(string.Join(" ", missing.Select(v =>
                $"Encryption:Keys:{v.Key} is not set, but {v.Value} cases are sealed under it. Put that key back; `./run keys` says when it can leave.")));
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
