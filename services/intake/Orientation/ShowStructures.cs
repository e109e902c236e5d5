using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Geography;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>Where a second opinion can be had: the structures of Île-de-France with how to reach them, and the cancer centres of France.</summary>
internal static class ShowStructures
{
    /// <param name="AccessModes"><c>online</c>, <c>phone</c>, <c>mail</c>.</param>
    /// <param name="LetterLegallyRequired">Always false: no law asks for a letter.</param>
    internal sealed record SecondOpinionStructure(
        string Id, string Name, string Region, IReadOnlyList<string> AccessModes, bool LetterAdvised, bool LetterLegallyRequired,
        IReadOnlyList<string> Specialties,
        IReadOnlyList<string> Finess, string Address, string? Phone, string Website, string Html, IReadOnlyList<ContentSource> Sources,
        IReadOnlyList<string> Conflicts);

    internal sealed record CancerCentreView(
        string Finess, string Name, string Commune, string DepartmentCode, string DepartmentName, string Activity, string Source, string Date);

    internal sealed record Structures(IReadOnlyList<SecondOpinionStructure> Items, IReadOnlyList<CancerCentreView> CancerCentres);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/orientation/structures", Handle)
        .AllowAnonymous()
        .WithName("ListStructures")
        .WithSummary("Find a structure for a second opinion")
        .WithDescription("Structures with access mode and whether a letter is advised; the cancer centres of France, optionally of one département.");

    private static Results<Ok<Structures>, Problem> Handle(ContentBook book, Communes communes, string? department = null)
    {
        if (department is not null && communes.DepartmentName(department) is null)
        {
            return CommonProblems.Invalid(new FieldError("#/department", "unknown_code", "Ce département n'existe pas : par exemple 75, 2A ou 974."));
        }

        return TypedResults.Ok(new Structures(
            [.. book.OfKind("structure").Select(Structure)],
            [.. book.CancerCentres.Select(c => Centre(c, communes)).Where(c => department is null || c.DepartmentCode == department)]));
    }

    private static SecondOpinionStructure Structure(ContentPage page)
    {
        var facts = page.Structure!;
        return new SecondOpinionStructure(
            page.Id, page.Title, facts.Region, facts.AccessModes, facts.LetterAdvised, facts.LetterLegallyRequired, facts.Specialties, facts.Finess,
            facts.Address, facts.Phone, page.Website!,
            ShowPages.Html(page.Markdown), page.Sources, page.Conflicts);
    }

    private static CancerCentreView Centre(CancerCentre centre, Communes communes)
    {
        var department = communes.DepartmentOf(centre.CommuneCode)!;
        return new CancerCentreView(
            centre.Finess, centre.Name, communes.NameOf(centre.CommuneCode)!, department, communes.DepartmentName(department)!, centre.Activity,
            centre.Source, centre.Date);
    }
}
