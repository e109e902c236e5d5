using System.Security.Claims;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Reading;

/// <summary>The one rule of clinical content: a physician's own token, and the case is theirs. Anything else is a case that does not exist.</summary>
internal static class AssignedPhysician
{
    /// <returns>Refused when the caller is no physician or not the assigned one, or there is no such case.</returns>
    public static async Task<Result<CaseRow>> Case(NpgsqlConnection db, ClaimsPrincipal user, Guid caseId) =>
        user.Role() == Access.Physician && await CaseRows.AssignedTo(db, user.PhysicianId(), caseId) is { } file && MayRead(file)
            ? file
            : CommonProblems.Absent();

    public static async Task<Result<CaseRow>> CaseLocked(NpgsqlConnection db, ClaimsPrincipal user, Guid caseId) =>
        user.Role() == Access.Physician && await CaseRows.AssignedToLocked(db, user.PhysicianId(), caseId) is { } file && MayRead(file)
            ? file
            : CommonProblems.Absent();

    /// <summary>Once the patient has taken the request back, nobody reads it any more.</summary>
    private static bool MayRead(CaseRow file) =>
        file.State.Value is CaseState.Assigned or CaseState.AwaitingInformation or CaseState.Delivered or CaseState.Closed;
}
