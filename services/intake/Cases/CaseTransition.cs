using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Cases;

/// <summary>Carries out a decided move: the row, its path and its event, in the caller's transaction.</summary>
internal static class CaseTransition
{
    /// <returns>The case as it is after the move, or the refusal with what is allowed instead.</returns>
    public static async Task<Result<CaseRow>> Try(NpgsqlConnection db, CaseRow file, CaseMove move, DateTimeOffset now) =>
        await IfAllowed(db, file, move, now) is { } moved ? moved : Problems.CaseIs(file.State.Value);

    /// <summary>For a message that may be late or doubled: a move that the state does not allow is no move.</summary>
    public static async Task<CaseRow?> IfAllowed(NpgsqlConnection db, CaseRow file, CaseMove move, DateTimeOffset now) =>
        CaseLife.Decide(file.State.Value, move) is Decision.Moves moves ? await Apply(db, file, moves, now) : null;

    private static async Task<CaseRow> Apply(NpgsqlConnection db, CaseRow file, Decision.Moves moves, DateTimeOffset now)
    {
        var clock = moves.To switch
        {
            CaseState.Complete when moves.Move == CaseMove.FindComplete => Clock.Start(now),
            CaseState.Complete => file.Clock?.Resume(now),
            CaseState.AwaitingInformation => file.Clock?.Pause(now),
            CaseState.Assigned => file.Clock?.Resume(now),
            CaseState.Delivered or CaseState.Withdrawn => file.Clock?.Stop(now),
            _ => file.Clock,
        };
        var next = file.Sequence + 1;
        var moved = await db.QuerySingleOrDefaultAsync<CaseRow>(
            $"""
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
            returning {CaseRows.Columns}
            """,
            new
            {
                file.Id,
                file.Sequence,
                From = (Word<CaseState>)moves.From,
                To = (Word<CaseState>)moves.To,
                next,
                now,
                clock?.StartedAt,
                clock?.DueAt,
                clock?.PausedSince,
                clock?.StoppedAt,
            });
        if (moved is null)
        {
            throw new InvalidOperationException($"Case {file.Id} moved under a lock that should have held it.");
        }

        await db.ExecuteAsync(
            "insert into case_move (case_id, sequence, move, from_state, to_state, at) values (@Id, @next, @Move, @From, @To, @now)",
            new { file.Id, next, Move = (Word<CaseMove>)moves.Move, From = (Word<CaseState>)moves.From, To = (Word<CaseState>)moves.To, now });
        await Outbox.Publish(db, file.Id, new CaseStateChanged
        {
            CaseId = file.Id,
            Sequence = next,
            From = moves.From.Word(),
            To = moves.To.Word(),
            ChangedAt = now,
        });
        return moved;
    }
}
