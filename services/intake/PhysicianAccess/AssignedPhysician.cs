using System.Security.Claims;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.PhysicianAccess;

/// <summary>
/// The one rule of clinical content: a physician's own token, the case is theirs, and the reason to read it still holds. Anything else is a case that does
/// not exist.
/// </summary>
internal static class AssignedPhysician
{
    /// <returns>Refused when the caller is no physician or not the assigned one, there is no such case, or the reason to read has ended.</returns>
    public static async Task<Result<CaseRow>> Case(NpgsqlConnection db, ClaimsPrincipal user, Guid caseId, DateTimeOffset now, bool locked = false)
    {
        if (user.Role() != Roles.Physician || await CaseRows.AssignedTo(db, user.PhysicianId(), caseId, locked) is not { } file)
        {
            return CommonProblems.Absent();
        }

        // To this physician, who knew the case, the code tells that waiting will not help; the status is that of an absent one.
        return await CaseRows.MayRead(db, file, now) ? file : Problems.NoLongerReadable();
    }
}
