using Microsoft.AspNetCore.Builder;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>For the services that read RPPS numbers from tokens or rosters.</summary>
public static class Pseudonyms
{
    /// <summary><c>Physicians:PseudonymKey</c>: base64, at least 32 random bytes, the same for all services of an installation and for good.</summary>
    /// <exception cref="InvalidOperationException">It is missing, unreadable or too short.</exception>
    public static void UsePhysicianPseudonyms(this WebApplicationBuilder builder)
    {
        var text = builder.Configuration["Physicians:PseudonymKey"];
        var key = new byte[text?.Length ?? 0];
        if (string.IsNullOrWhiteSpace(text) || !Convert.TryFromBase64String(text, key, out var length) || length < PhysicianPseudonyms.MinKeyBytes)
        {
            throw new InvalidOperationException(
                "Physicians:PseudonymKey must be base64 of at least 32 random bytes, the same for all services. Without it physicians could be found from "
                    + "their public numbers; AppHost sets it for local runs.");
        }

        PhysicianPseudonyms.Use(key[..length]);
    }
}
