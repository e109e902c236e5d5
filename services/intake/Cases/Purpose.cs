using System.Security.Claims;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Intake.Cases;

/// <summary>Why people read, for the audit record.</summary>
internal static class Purpose
{
    public static string Of(ClaimsPrincipal user) => user.Role() switch
    {
        Roles.Patient => "own_file",
        Roles.Agent => "phone_help",
        _ => "own_patient",
    };
}
