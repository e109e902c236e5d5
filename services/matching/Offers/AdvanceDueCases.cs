using Dapper;
using Npgsql;
using SecondOpinion.Matching.Cases;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Matching.Offers;

/// <summary>
/// Moves cases on when their moment comes: an offer expires, 72 h are left, a place became free. Each case in a transaction of its own, skipping what
/// another instance works on, so any number of sweeps may run.
/// </summary>
internal sealed partial class AdvanceDueCases(
    NpgsqlDataSource dataSource, NextChoice next, AssignTogether together, TimeProvider time, MatchingOptions options, BackgroundJobs jobs,
    ILogger<AdvanceDueCases> logger) : BackgroundJob(jobs)
{
    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        var many = await AdvanceMany(cancel);
        return await AdvanceOne(cancel, evenOneOfMany: many is null) || many > 0 ? Next.Now : Next.After(options.SweepInterval);
    }

    /// <summary>How many cases got on together, none when fewer than two wait; null when it failed.</summary>
    private async Task<int?> AdvanceMany(CancellationToken cancel)
    {
        try
        {
            return await together.Run(cancel);
        }
        catch (Exception exception) when (!cancel.IsCancellationRequested)
        {
            // One case among them cannot be moved: each goes on by itself.
            Log.NotTogether(logger, exception);
            return null;
        }
    }

    /// <summary>False when no case is due.</summary>
    internal async Task<bool> AdvanceOne(CancellationToken cancel, bool evenOneOfMany = true)
    {
        Guid? caseId = null;
        try
        {
            return await dataSource.InTransaction(async db =>
            {
                var now = time.GetUtcNow();
                if (await MatchingCase.LockOneDue(db, now, evenOneOfMany) is not { } due)
                {
                    return false;
                }

                caseId = due.CaseId;
                await next.Advance(db, due, now);
                return true;
            }, cancel);
        }
        catch (Exception exception) when (caseId is not null && !cancel.IsCancellationRequested)
        {
            // One case that cannot be moved must not hold up the others: it is tried again later.
            Log.PutOff(logger, caseId.Value, exception);
            await using var db = await dataSource.OpenConnectionAsync(cancel);
            await db.ExecuteAsync(
                "update matching_case set next_look_at = @Later where case_id = @caseId and next_look_at is not null",
                new { caseId, Later = time.GetUtcNow() + options.TryAgainAfter });
            return true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Sweep: the waiting cases could not be assigned together; each goes on by itself")]
        public static partial void NotTogether(ILogger logger, Exception exception);

        [LoggerMessage(LogLevel.Error, "Sweep: case {CaseId} could not be moved on and is put off")]
        public static partial void PutOff(ILogger logger, Guid caseId, Exception exception);
    }
}
