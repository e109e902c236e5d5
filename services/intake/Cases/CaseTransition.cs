using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>Carries out a decided move: the row, its path and its event, in the caller's transaction.</summary>
internal static class CaseTransition
{
    /// <returns>The case as it is after the move, or the refusal with what is allowed instead.</returns>
    public static async Task<(CaseRow Case, Problem? Problem)> Try(NpgsqlConnection db, CaseRow file, CaseMove move, DateTimeOffset now) =>
        CaseLife.Decide(file.CurrentState, move) switch
        {
            Decision.Moves moves => (await Apply(db, file, moves, now), null),
            Decision.Forbidden forbidden => (file, Refusal(forbidden)),
            _ => throw new InvalidOperationException("A decision is a move or a refusal."),
        };

    /// <summary>For a message that may be late or doubled: a move that the state does not allow is no move.</summary>
    public static async Task<CaseRow?> IfAllowed(NpgsqlConnection db, CaseRow file, CaseMove move, DateTimeOffset now) =>
        CaseLife.Decide(file.CurrentState, move) is Decision.Moves moves ? await Apply(db, file, moves, now) : null;

    public static Problem Refusal(CaseState state) => Refusal(new Decision.Forbidden(state, CaseLife.AllowedFrom(state)));

    private static Problem Refusal(Decision.Forbidden forbidden)
    {
        var allowed = forbidden.Allowed.Select(m => m.Code()).ToArray();
        var list = allowed.Length == 0 ? "-" : string.Join(", ", allowed);
        return new Problem(
            Problems.WrongState,
            $"The case is {forbidden.State.Code()}; what can happen to it now: {list}.",
            $"Le dossier est dans l'état « {forbidden.State.Code()} » ; actions possibles : {list}.", [])
        {
            Extensions = new Dictionary<string, object?> { ["state"] = forbidden.State.Code(), ["allowed"] = allowed },
        };
    }

    private static async Task<CaseRow> Apply(NpgsqlConnection db, CaseRow file, Decision.Moves moves, DateTimeOffset now)
    {
        var clock = moves.To switch
        {
            CaseState.Complete => Clock.Start(now),
            CaseState.AwaitingInformation => file.Clock?.Pause(now),
            CaseState.Assigned => file.Clock?.Resume(now),
            CaseState.Delivered or CaseState.Withdrawn => file.Clock?.Stop(now),
            _ => file.Clock,
        };
        var next = file.Sequence + 1;
        var moved = await db.ExecuteAsync(
            """
            update case_file
            set state = @To,
                sequence = @next,
                version = version + 1,
                submitted_at = case when @To = 'submitted' then @now else submitted_at end,
                completed_at = @StartedAt,
                due_at = @DueAt,
                paused_since = @PausedSince,
                stopped_at = @StoppedAt
            where id = @Id and state = @From and sequence = @Sequence
            """,
            new
            {
                file.Id,
                file.Sequence,
                From = moves.From.Code(),
                To = moves.To.Code(),
                next,
                now,
                clock?.StartedAt,
                clock?.DueAt,
                clock?.PausedSince,
                clock?.StoppedAt,
            });
        if (moved == 0)
        {
            throw new InvalidOperationException($"Case {file.Id} moved under a lock that should have held it.");
        }

        await db.ExecuteAsync(
            "insert into case_move (case_id, sequence, move, from_state, to_state, at) values (@Id, @next, @Move, @From, @To, @now)",
            new { file.Id, next, Move = moves.Move.Code(), From = moves.From.Code(), To = moves.To.Code(), now });
        await Outbox.Publish(db, file.Id, new CaseStateChanged
        {
            CaseId = file.Id,
            Sequence = next,
            From = moves.From.Code(),
            To = moves.To.Code(),
            ChangedAt = now,
        });
        return file with
        {
            State = moves.To.Code(),
            Sequence = next,
            Version = file.Version + 1,
            SubmittedAt = moves.To == CaseState.Submitted ? now : file.SubmittedAt,
            CompletedAt = clock?.StartedAt,
            DueAt = clock?.DueAt,
            PausedSince = clock?.PausedSince,
            StoppedAt = clock?.StoppedAt,
        };
    }
}
