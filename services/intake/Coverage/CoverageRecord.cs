using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Coverage;

/// <summary>
/// Freezes with the case what billing answered. The one place where an answer changes a case, whoever asked: opening, submission, or the wait for a billing
/// that was away.
/// </summary>
internal static class CoverageRecord
{
    /// <summary>After it a billing that was away is asked again; each further wait is twice as long.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);

    /// <param name="db">Within its transaction, which holds the case's lock.</param>
    /// <param name="file">The case.</param>
    /// <param name="answer">Not <see cref="CoverageAnswer.Unreadable"/>: what that means depends on who asked.</param>
    /// <param name="reserved">It was a reservation, not a question.</param>
    /// <param name="now">The present.</param>
    /// <returns>The case as it is then; refused when the answer was.</returns>
    public static async Task<CaseRow> Keep(NpgsqlConnection db, CaseRow file, CoverageAnswer answer, bool reserved, DateTimeOffset now)
    {
        switch (answer)
        {
            case CoverageAnswer.Covered covered:
                return await Covered(db, file.Id, covered, reserved, now);
            case CoverageAnswer.Refused refused:
                file = await Refused(db, file.Id, refused, now);
                return await CaseTransition.IfAllowed(db, file, CaseMove.Refuse, now) ?? file;
            case CoverageAnswer.Pending:
                return await Pending(db, file.Id, now + FirstWait);
            default:
                throw new ArgumentException($"{answer.GetType().Name} changes no case.", nameof(answer));
        }
    }

    private static Task<CaseRow> Covered(NpgsqlConnection db, Guid caseId, CoverageAnswer.Covered answer, bool reserved, DateTimeOffset now) =>
        db.QuerySingleAsync<CaseRow>(
            $"""
            update case_file
            set coverage = @Status,
                insurer_id = coalesce(@InsurerId, insurer_id),
                insurer_name = coalesce(@InsurerName, insurer_name),
                engagement_number = coalesce(@EngagementNumber, engagement_number),
                engagement_expires_at = coalesce(@ExpiresAt, engagement_expires_at),
                roster_version = coalesce(@RosterVersion, roster_version),
                refusal_code = null,
                refusal_text = null,
                coverage_checked_at = @now,
                coverage_next_attempt_at = null,
                -- Once reserved the insurer need not be asked again: what identifies the member goes.
                sealed_coverage_question = case when @reserved then null else sealed_coverage_question end
            where id = @caseId
            returning {CaseRows.Columns}
            """,
            new
            {
                caseId,
                reserved,
                now,
                Status = (Word<CoverageStatus>)(reserved ? CoverageStatus.Reserved : CoverageStatus.Covered),
                answer.InsurerId,
                answer.InsurerName,
                answer.EngagementNumber,
                answer.ExpiresAt,
                answer.RosterVersion,
            });

    private static Task<CaseRow> Refused(NpgsqlConnection db, Guid caseId, CoverageAnswer.Refused answer, DateTimeOffset now) =>
        db.QuerySingleAsync<CaseRow>(
            $"""
            update case_file
            set coverage = 'refused',
                insurer_id = coalesce(@InsurerId, insurer_id),
                insurer_name = coalesce(@InsurerName, insurer_name),
                refusal_code = @Code,
                refusal_text = @Text,
                coverage_checked_at = @now,
                coverage_next_attempt_at = null,
                sealed_coverage_question = null
            where id = @caseId
            returning {CaseRows.Columns}
            """,
            new { caseId, now, answer.InsurerId, answer.InsurerName, answer.Code, answer.Text });

    private static Task<CaseRow> Pending(NpgsqlConnection db, Guid caseId, DateTimeOffset nextAttempt) =>
        db.QuerySingleAsync<CaseRow>(
            $"update case_file set coverage = 'pending', coverage_next_attempt_at = @nextAttempt where id = @caseId returning {CaseRows.Columns}",
            new { caseId, nextAttempt });
}
