using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Rights;

/// <summary>What the retention did and will do, in counts; and the way back for somebody who asks for an archived case.</summary>
internal static class ShowRetention
{
    /// <summary>How long an archived case that was opened again can be read.</summary>
    private static readonly TimeSpan ReopenedFor = TimeSpan.FromDays(30);

    /// <summary>Cases by what becomes of them.</summary>
    /// <param name="DryRun">Whether passes only count.</param>
    /// <param name="Active">Over, and in active use.</param>
    /// <param name="Archived">Out of sight, kept.</param>
    /// <param name="Erased">Forgotten.</param>
    /// <param name="Undated">Over, with no date yet: the next pass gives it.</param>
    /// <param name="DueToArchive">What a pass would archive today.</param>
    /// <param name="DueToErase">What a pass would erase today.</param>
    /// <param name="EraseWithinAYear">What will have been kept long enough a year from now.</param>
    /// <param name="Runs">The last thirty passes that found something, newest first.</param>
    internal sealed record RetentionReport(
        bool DryRun, long Active, long Archived, long Erased, long Undated, long DueToArchive, long DueToErase, long EraseWithinAYear,
        IReadOnlyList<RetentionRun> Runs);

    /// <summary>One pass.</summary>
    /// <param name="At">When.</param>
    /// <param name="DryRun">Whether it only counted.</param>
    /// <param name="Archived">Cases that it archived, or would have.</param>
    /// <param name="Erased">Cases that it erased, or would have.</param>
    /// <param name="Failed">Cases that it could not treat; tried again by a later pass.</param>
    internal sealed record RetentionRun(DateTimeOffset At, bool DryRun, int Archived, int Erased, int Failed);

    /// <summary>Why an archived case is opened again.</summary>
    /// <param name="Reason"><c>patient_request</c>, <c>claim</c> (a dispute or a court) or <c>authority</c> (an authority that may ask).</param>
    internal sealed record Reopening([property: Codes(typeof(ShowRetention), nameof(Reasons))] string Reason);

    /// <summary>An archived case that can be read again for a time.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="ReopenedUntil">Until when.</param>
    internal sealed record ReopenedCase(Guid CaseId, DateTimeOffset ReopenedUntil);

    internal enum ReopeningReason
    {
        PatientRequest,
        Claim,
        Authority,
    }

    private static IReadOnlyList<string> Reasons => Words.All<ReopeningReason>();

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/retention", Report).AllowRoles(Roles.Ops)
            .WithName("ShowRetention")
            .WithSummary("What is kept, archived and erased")
            .WithDescription("Counts only. Periods: 5 years active after the opinion, archived until 20 years, minors until 28; 2 years without an opinion.");
        api.MapPost("/cases/{id:guid}/reopening", Reopen).AllowRoles(Roles.Ops)
            .Refuses(Problems.NotArchived)
            .WithName("ReopenArchivedCase")
            .WithSummary("Open an archived case again")
            .WithDescription("For thirty days its patient finds it again. On record with its reason. Whoever opens it sees nothing of it.");
    }

    private static async Task<Ok<RetentionReport>> Report(
        NpgsqlDataSource dataSource, RetentionPeriods periods, TimeProvider time, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var today = FrenchTime.Day(time.GetUtcNow());
        var counts = await db.QuerySingleAsync<Counts>(
            """
            select count(*) filter (where erased_at is null and archived_at is null and kept_until > @today) as active,
                   count(*) filter (where erased_at is null and archived_at is not null) as archived,
                   count(*) filter (where erased_at is not null) as erased,
                   count(*) filter (where erased_at is null and kept_until is null) as undated,
                   count(*) filter (where erased_at is null and archived_at is null and active_until <= @today and kept_until > @today) as due_to_archive,
                   count(*) filter (where erased_at is null and kept_until <= @today) as due_to_erase,
                   count(*) filter (where erased_at is null and kept_until <= @inAYear) as erase_within_a_year
            from case_file
            where state in ('closed', 'redirected', 'refused', 'withdrawn')
            """,
            new { today, inAYear = today.AddYears(1) });
        var runs = await db.QueryAsync<RetentionRun>("select at, dry_run, archived, erased, failed from retention_run order by id desc limit 30");
        return TypedResults.Ok(new RetentionReport(
            periods.DryRun, counts.Active, counts.Archived, counts.Erased, counts.Undated, counts.DueToArchive, counts.DueToErase, counts.EraseWithinAYear,
            runs.AsList()));
    }

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<ReopenedCase>, Problem>> Reopen(
        Guid id, Reopening request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<ReopenedCase>, Problem>>(async db =>
        {
            if (!Reasons.Contains(request.Reason))
            {
                return CommonProblems.Invalid(new FieldError("#/reason", "unknown_code", "Donnez l'un des motifs de la liste.", Reasons));
            }

            if (await CaseRows.AnyLocked(db, id) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "reopen", "case", id, request.Reason);
            var until = time.GetUtcNow() + ReopenedFor;
            return await db.ExecuteAsync(
                "update case_file set reopened_until = @until where id = @id and archived_at is not null and erased_at is null", new { id, until }) > 0
                ? TypedResults.Ok(new ReopenedCase(id, until))
                : Problems.NotInArchive();
        }, cancel);

    private sealed record Counts(
        long Active, long Archived, long Erased, long Undated, long DueToArchive, long DueToErase, long EraseWithinAYear);
}
