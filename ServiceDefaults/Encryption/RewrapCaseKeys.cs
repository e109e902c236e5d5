using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// After a rotation (a new <c>Encryption:CurrentKey</c>) wraps the data key of every older case again under the current one. Only the few bytes of
/// <c>case_key</c> change: what is sealed stays as it is. A key that does not open is left, named and tried again later; it never stops the others.
/// Whether a former version can leave, over all services, is said by <c>./run keys</c>.
/// </summary>
public sealed partial class RewrapCaseKeys(NpgsqlDataSource dataSource, Keyring keyring, BackgroundJobs jobs, ILogger<RewrapCaseKeys> logger)
    : BackgroundJob(jobs)
{
    private const int BatchSize = 200;

    /// <summary>Rows can come back with a restored database, and what failed may have been mended.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Run(cancel);
        return Next.After(Every);
    }

    /// <returns>How many cases moved to the current version, and how many could not.</returns>
    public async Task<(int Moved, int Left)> Run(CancellationToken cancel)
    {
        var (moved, left) = (0, 0);
        Guid? after = Guid.Empty;
        while (after is { } from)
        {
            (var m, var l, after) = await Batch(from, cancel);
            moved += m;
            left += l;
        }

        if (moved > 0)
        {
            Log.Rewrapped(logger, moved, keyring.Current);
        }

        return (moved, left);
    }

    private Task<(int Moved, int Left, Guid? After)> Batch(Guid from, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        var rows = (await db.QueryAsync<(Guid CaseId, string Version, byte[] Wrapped)>(
            """
            select case_id, key_version, wrapped_key
            from case_key
            where key_version <> @Current and case_id > @from
            order by case_id
            limit @BatchSize
            for update skip locked
            """,
            new { keyring.Current, from, BatchSize })).AsList();
        var moved = 0;
        foreach (var (caseId, version, wrapped) in rows)
        {
            byte[] plain;
            try
            {
                plain = keyring.Unwrap(caseId, version, wrapped);
            }
            catch (CryptographicException exception)
            {
                Log.Unreadable(logger, exception, caseId, version);
                continue;
            }

            await db.ExecuteAsync(
                "update case_key set key_version = @Current, wrapped_key = @Wrapped where case_id = @caseId",
                new { caseId, keyring.Current, Wrapped = keyring.Wrap(caseId, plain) });
            CryptographicOperations.ZeroMemory(plain);
            moved++;
        }

        return (moved, rows.Count - moved, rows.Count < BatchSize ? (Guid?)null : rows[^1].CaseId);
    }, cancel);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} cases now have their key wrapped under {Version}")]
        public static partial void Rewrapped(ILogger logger, int count, string version);

        [LoggerMessage(LogLevel.Error, "The key of case {CaseId} does not open under {Version}: it was left as it is")]
        public static partial void Unreadable(ILogger logger, Exception exception, Guid caseId, string version);
    }
}
