using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Intake.Consents;

/// <summary>The words of each consent, current version.</summary>
internal static class ListConsentTexts
{
    /// <summary>The text of a consent, as the patient reads it.</summary>
    /// <param name="Purpose">What it is for, e.g. <c>processing</c>.</param>
    /// <param name="Version">Counts the texts of this purpose from 1.</param>
    /// <param name="RequiredToSubmit">Without it a case cannot be submitted.</param>
    /// <param name="Text">The text; French.</param>
    /// <param name="Simple">The simplified version; French.</param>
    /// <param name="Sha256">SHA-256 of the text, hexadecimal: what was read can be proved.</param>
    internal sealed record ConsentTextView(string Purpose, int Version, bool RequiredToSubmit, string Text, string Simple, string Sha256);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/consent-texts", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .WithName("ListConsentTexts")
        .WithSummary("Read the texts of the consents")
        .WithDescription("Plain and simplified French; only `processing` is required to submit a case.");

    /// <returns>The current text of each purpose.</returns>
    private static Ok<IReadOnlyList<ConsentTextView>> Handle() => TypedResults.Ok<IReadOnlyList<ConsentTextView>>(
    [
        .. ConsentText.All.GroupBy(t => t.Purpose).Select(g => g.MaxBy(t => t.Version)!)
            .Select(t => new ConsentTextView(t.Purpose, t.Version, t.RequiredToSubmit, t.Text, t.Simple, t.Sha256)),
    ]);
}
