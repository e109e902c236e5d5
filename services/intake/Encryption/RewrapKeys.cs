using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Encryption;

/// <summary>
/// After a rotation (a new <c>Encryption:CurrentKey</c>) wraps the data key of every older case again under the current one. Only the few bytes of
/// <c>case_key</c> change: the sealed columns and files stay as they are. When it has run, the former version can leave the configuration.
/// </summary>
internal sealed partial class RewrapKeys(NpgsqlDataSource dataSource, Keyring keyring, BackgroundJobs jobs, ILogger<RewrapKeys> logger) : BackgroundJob(jobs)
{
    private int _moved;

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        while (await Batch(cancel) is > 0 and var moved)
        {
            _moved += moved;
        }

        if (_moved > 0)
        {
            Log.Rewrapped(logger, _moved, keyring.Current);
        }

        return Next.Never;
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
    }
}
