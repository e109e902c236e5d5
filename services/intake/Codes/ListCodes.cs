using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Safety;
using SecondOpinion.Intake.Social;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Codes;

/// <summary>Every closed list of codes that a caller of this service chooses from, or is answered with, from the tables that judge them.</summary>
internal static class ListCodes
{
    /// <summary>A list of codes.</summary>
    /// <param name="Name">The list, e.g. <c>document-types</c>.</param>
    /// <param name="UsedIn">Where its codes stand in requests and answers.</param>
    /// <param name="Codes">In the order in which people choose best.</param>
    internal sealed record CodeList(string Name, string UsedIn, IReadOnlyList<CodeOfList> Codes);

    /// <summary>One code.</summary>
    /// <param name="Code">As it is sent; never translated, never taken back.</param>
    /// <param name="Text">What people read; French.</param>
    /// <param name="Hint">What helps to choose or to find it, in French; null when there is nothing to say.</param>
    internal sealed record CodeOfList(string Code, string Text, string? Hint = null);

    /// <summary>All lists.</summary>
    /// <param name="Lists">By name.</param>
    internal sealed record CodeLists(IReadOnlyList<CodeList> Lists);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/codes", All).AllowAnonymous()
            .WithName("ListCodes").WithSummary("The lists of codes")
            .WithDescription("Document types, sexes, a relative's authority, social facts, consents, emergency signs, states and moves of a case. "
                + "Questions and their options are in the questionnaires, diseases in the catalogue.");
        api.MapGet("/codes/{list}", One).AllowAnonymous()
            .WithName("GetCodes").WithSummary("One list of codes").WithDescription("By its name.");
    }

    internal static IReadOnlyList<CodeList> Lists(PathologyCatalogue catalogue) =>
    [
        new("case-moves", "`allowedMoves` of a case", [.. CaseWords.Routes.Select(r => new CodeOfList(r.Key.Word(), r.Value.French))]),
        new("case-states", "`state` of a case", [.. Enum.GetValues<CaseState>().Select(s => new CodeOfList(s.Word(), CaseWords.French(s)))]),
        new("consent-purposes", "`purpose` of RecordConsent",
            [.. ConsentText.All.GroupBy(t => t.Purpose).Select(t => new CodeOfList(t.Key, t.MaxBy(c => c.Version)!.Text))]),
        new("disability", "`disability` of TellSocialFacts", Of(SocialCodes.Disability)),
        new("document-types", "the header Document-Type of UploadDocument; `typeCode` of a document",
            [.. catalogue.Documents.Values.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => new CodeOfList(d.Code, d.Name, d.Hint))]),
        new("emergency-signs", "`safety.signs` of OpenCase", [.. SafetyScreen.Signs.Select(s => new CodeOfList(s.Key, s.Value.Text, s.Value.Simple))]),
        new("heard-from", "`heardFrom` of TellSocialFacts", Of(SocialCodes.HeardFrom)),
        new("pcs-groups", "`pcsGroup` of TellSocialFacts", Of(SocialCodes.Pcs)),
        new("relative-authorities", "`relative.authority` of OpenCase", [.. CaseRelative.Authorities.Select(a => new CodeOfList(a.Key, a.Value.Label))]),
        new("sexes", "`patient.sex` of OpenCase", [.. CasePerson.Sexes.Select(s => new CodeOfList(s.Key, s.Value))]),
    ];

    private static Ok<CodeLists> All(PathologyCatalogue catalogue) => TypedResults.Ok(new CodeLists(Lists(catalogue)));

    /// <param name="list">Name of the list, e.g. <c>document-types</c>.</param>
    private static Results<Ok<CodeList>, Problem> One(string list, PathologyCatalogue catalogue) =>
        Lists(catalogue).FirstOrDefault(l => l.Name == list) is { } found ? TypedResults.Ok(found) : CommonProblems.Absent();

    private static IReadOnlyList<CodeOfList> Of(SocialCodes.Item item) => [.. item.Options.Select(o => new CodeOfList(o.Code, o.Text))];
}
