using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Intake.Information;

/// <summary>
/// A question that the patient has not answered for <see cref="CaseOptions.QuestionLife"/> stops holding up the opinion: the clock runs again, and the
/// physician concludes with what there is, or asks anew.
/// </summary>
internal sealed partial class LapseQuestions(
    NpgsqlDataSource dataSource, CaseOptions options, TimeProvider time, BackgroundJobs jobs, ILogger<LapseQuestions> logger) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Lapse(cancel);
        return Next.After(Every);
    }

    internal async Task Lapse(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var old = (await db.QueryAsync<Guid>(
            """
            select id
            from information_request
            where provided_at is null and lapsed_at is null and requested_at <= @Before
            order by requested_at
            limit 500
            """,
            new { Before = time.GetUtcNow() - options.QuestionLife })).AsList();
        await Each(old, id => One(id, cancel), cancel);
    }

    private Task One(Guid requestId, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        var now = time.GetUtcNow();
        var caseId = await db.ExecuteScalarAsync<Guid>("select case_id from information_request where id = @requestId", new { requestId });
        // The case first, as everybody does: an answer given at this moment either came before or finds the question lapsed.
        if (await CaseRows.AnyLocked(db, caseId) is not { State.Value: CaseState.AwaitingInformation } file
            || await db.ExecuteScalarAsync<Guid?>(
                "update information_request set lapsed_at = @now where id = @requestId and provided_at is null and lapsed_at is null returning physician_id",
                new { requestId, now }) is not { } physicianId
            || await CaseTransition.IfAllowed(db, file, CaseMove.ProvideInformation, now) is not { } moved)
        {
            return;
        }

        await Outbox.Publish(db, caseId, new InformationProvided
        {
            CaseId = caseId,
            RequestId = requestId,
            PhysicianId = physicianId,
            DueAt = moved.DueAt!.Value,
            ProvidedAt = now,
        });
        Log.Lapsed(logger, caseId);
    }, cancel);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Case {CaseId}: a question was not answered, the clock runs again")]
        public static partial void Lapsed(ILogger logger, Guid caseId);
    }
}
