using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;

namespace SecondOpinion.Intake.Coverage;

/// <summary>Freezes with the case what billing answered.</summary>
internal static class CoverageRecord
{
    public static Task Covered(NpgsqlConnection db, Guid caseId, CoverageAnswer.Covered answer, bool reserved, DateTimeOffset now) =>
        db.ExecuteAsync(
            """
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
            """,
            new
            {
                caseId,
                reserved,
                now,
                Status = reserved ? "reserved" : "covered",
                answer.InsurerId,
                answer.InsurerName,
                answer.EngagementNumber,
                answer.ExpiresAt,
                answer.RosterVersion,
            });

    public static Task Refused(NpgsqlConnection db, Guid caseId, CoverageAnswer.Refused answer, DateTimeOffset now) =>
        db.ExecuteAsync(
            """
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
            """,
            new { caseId, now, answer.InsurerId, answer.InsurerName, answer.Code, answer.Text });

    public static Task Pending(NpgsqlConnection db, Guid caseId, DateTimeOffset nextAttempt) =>
        db.ExecuteAsync("update case_file set coverage = 'pending', coverage_next_attempt_at = @nextAttempt where id = @caseId", new { caseId, nextAttempt });
}
