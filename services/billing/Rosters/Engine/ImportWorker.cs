using System.Security.Cryptography;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Takes up uploads that are complete, first come first served, one at a time for an insurer and a few at a time in all. An insurer's lock lives as long as the
/// connection of whoever imports: when that process dies, the lock is free and the next one starts the import anew.
/// </summary>
internal sealed partial class ImportWorker(
    ImportConnections connections, RosterImporter importer, RosterSpool spool, RosterOptions options, TimeProvider time, BackgroundJobs jobs,
    ILogger<ImportWorker> logger)
    : BackgroundJob(jobs)
{
    /// <summary>Uploads queued by another instance are seen within it; those queued here wake the worker.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    /// <summary>Takes up one import, if there is one that nobody works on.</summary>
    public async Task<bool> RunOne(CancellationToken cancel)
    {
        await using var db = await connections.Imports.OpenConnectionAsync(cancel);
        foreach (var waiting in await RosterImport.Waiting(db))
        {
            var lockKey = BitConverter.ToInt64(waiting.InsurerId.ToByteArray());
            if (!await db.ExecuteScalarAsync<bool>("select pg_try_advisory_lock(@lockKey)", new { lockKey }))
            {
                continue;
            }

            try
            {
                // Looked at again under the lock: the one who had it may have ended this very import.
                if (await RosterImport.Find(db, waiting.Id) is { IsOver: false } import && await Start(db, import))
                {
                    await Run(db, import, cancel);
                    return true;
                }
            }
            finally
            {
                if (db.State == System.Data.ConnectionState.Open)
                {
                    await db.ExecuteAsync("select pg_advisory_unlock(@lockKey)", new { lockKey });
                }
            }
        }

        return false;
    }

    protected override int Workers => options.ConcurrentImports;

    protected override async Task<Next> Pass(CancellationToken cancel) => await RunOne(cancel) ? Next.Now : Next.After(LookAgain);

    /// <returns>False when it has failed for good, or its upload lies with another instance.</returns>
    private async Task<bool> Start(NpgsqlConnection db, RosterImport import)
    {
        if (!spool.Exists(import.Id))
        {
            // Another instance may hold it. When nobody has taken it up within an hour, it is lost.
            if (time.GetUtcNow() - import.QueuedAt > TimeSpan.FromHours(1))
            {
                await End(db, import, RosterState.Failed, RosterRefusals.UploadLost);
            }

            return false;
        }

        if (import.Attempts >= options.MaxAttempts)
        {
            await End(db, import, RosterState.Failed, RosterRefusals.Interrupted);
            return false;
        }

        await db.ExecuteAsync(
            "update roster_import set state = 'running', attempts = attempts + 1, started_at = @Now, updated_at = @Now where id = @Id",
            new { import.Id, Now = time.GetUtcNow() });
        return true;
    }

    private async Task Run(NpgsqlConnection db, RosterImport import, CancellationToken cancel)
    {
        Log.Begins(logger, import.Id, import.InsurerId);
        try
        {
            await RefuseWhenChanged(import, cancel);
            await importer.Run(import, cancel);
            spool.Delete(import.Id);
            Log.Imported(logger, import.Id);
        }
        catch (RosterHeldException held)
        {
            Log.Held(logger, import.Id, held.Before, held.After);
            await db.ExecuteAsync(
                """
                update roster_import
                set state = 'awaiting_approval', phase = '', refusal_code = @Held, members_before = @Before, members_after = @After, attempts = 0,
                  approved = null, decided_by = null, decided_at = null, updated_at = @Now
                where id = @Id
                """, new { import.Id, Held = RosterRefusals.Held, held.Before, held.After, Now = time.GetUtcNow() });
        }
        catch (RosterRefusedException refused)
        {
            await End(db, import, RosterState.Refused, refused.Code);
            spool.Delete(import.Id);
        }
        catch (Exception exception) when (exception is InvalidDataException or AuthenticationTagMismatchException or EndOfStreamException)
        {
            await End(db, import, RosterState.Refused, RosterRefusals.Damaged);
            spool.Delete(import.Id);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The service stops in good order: not an attempt that failed. The next start takes it up again.
            await db.ExecuteAsync("update roster_import set state = 'queued', attempts = attempts - 1 where id = @Id and state = 'running'", new { import.Id });
            throw;
        }
        catch (Exception exception)
        {
            // State stays `running` without its lock: taken up again, until the attempts are spent.
            Log.Broke(logger, import.Id, exception);
            throw;
        }
    }

    /// <summary>Pieces of two states of a file make a third one that nobody wrote.</summary>
    private async Task RefuseWhenChanged(RosterImport import, CancellationToken cancel)
    {
        if (import.Sha256 is { } announced)
        {
            await using var received = spool.Open(import.Id);
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(received, cancel)) != announced)
            {
                throw new RosterRefusedException(RosterRefusals.Changed);
            }
        }
    }

    private async Task End(NpgsqlConnection db, RosterImport import, Word<RosterState> state, string code)
    {
        Log.Ended(logger, import.Id, state.Text, code);
        await using var transaction = await db.BeginTransactionAsync();
        await db.ExecuteAsync(
            "update roster_import set state = @state, refusal_code = @code, phase = '', finished_at = @Now, updated_at = @Now where id = @Id",
            new { import.Id, state, code, Now = time.GetUtcNow() });
        await PartnerEvent.Write(db, import.InsurerId, PartnerEventType.RosterRefused, import.Id, new(Code: code), time.GetUtcNow());
        await transaction.CommitAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Roster import {Import} of insurer {Insurer} begins")]
        public static partial void Begins(ILogger logger, Guid import, Guid insurer);

        [LoggerMessage(LogLevel.Information, "Roster import {Import} answers questions now")]
        public static partial void Imported(ILogger logger, Guid import);

        [LoggerMessage(LogLevel.Warning, "Roster import {Import} waits for approval: {After} members in place of {Before}")]
        public static partial void Held(ILogger logger, Guid import, long before, long after);

        [LoggerMessage(LogLevel.Warning, "Roster import {Import} ended as {State}: {Code}")]
        public static partial void Ended(ILogger logger, Guid import, string state, string code);

        [LoggerMessage(LogLevel.Error, "Roster import {Import} broke off; it is tried again")]
        public static partial void Broke(ILogger logger, Guid import, Exception exception);
    }
}
