using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Encryption;

/// <summary>
/// After a rotation (a new <c>Encryption:CurrentKey</c>) wraps the data key of every older case again under the current one. Only the few bytes of
/// <c>case_key</c> change: the sealed columns and files stay as they are. When it has run, the former version can leave the configuration.
/// </summary>
internal sealed partial class RewrapKeys(NpgsqlDataSource dataSource, Keyring keyring, ILogger<RewrapKeys> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var total = 0;
            while (await Batch(stoppingToken) is > 0 and var moved)
            {
                total += moved;
            }

            if (total > 0)
            {
                Log.Rewrapped(logger, total, keyring.Current);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            Log.Later(logger, exception);
        }
    }

    internal Task<int> Batch(CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        var rows = (await db.QueryAsync<(Guid CaseId, string Version, byte[] Wrapped)>(
            """
            select case_id, key_version, wrapped_key
            from case_key
            where key_version <> @Current
            limit 200
            for update skip locked
            """,
            new { keyring.Current })).AsList();
        foreach (var (caseId, version, wrapped) in rows)
        {
            await db.ExecuteAsync(
                "update case_key set key_version = @Current, wrapped_key = @Wrapped where case_id = @caseId",
                new { caseId, keyring.Current, Wrapped = keyring.Wrap(caseId, keyring.Unwrap(caseId, version, wrapped)) });
        }

        return rows.Count;
    }, cancel);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} cases now have their key wrapped under {Version}")]
        public static partial void Rewrapped(ILogger logger, int count, string version);

        [LoggerMessage(LogLevel.Warning, "The rewrapping of keys stopped before its end; it goes on at the next start")]
        public static partial void Later(ILogger logger, Exception exception);
    }
}
