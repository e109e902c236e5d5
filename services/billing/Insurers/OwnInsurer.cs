using System.Security.Claims;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Billing.Insurers;

/// <summary>A partner reads what is its own insurer's; a foreign one answers like an absent one.</summary>
internal static class OwnInsurer
{
    public static bool MayReadInsurer(this ClaimsPrincipal user, Guid insurerId) => user.Role() != Roles.Partner || user.InsurerId() == insurerId;
}
