using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Geography;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>Where a second opinion can be had: the structures of Île-de-France with how to reach them, and the cancer centres of France.</summary>
internal static class ShowStructures
{
    /// <summary>A place that gives second opinions.</summary>
    /// <param name="Id">Stable.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="Region">French region.</param>
    /// <param name="AccessModes"><c>online</c>, <c>phone</c>, <c>mail</c>.</param>
    /// <param name="LetterAdvised">A physician's letter makes it quicker.</param>
    /// <param name="LetterLegallyRequired">Always false: no law asks for a letter.</param>
    /// <param name="Specialties">What it gives opinions on, in French.</param>
    /// <param name="Finess">FINESS numbers of its sites, 9 digits.</param>
    /// <param name="Address">Postal address.</param>
    /// <param name="Phone">To call; null when there is none for patients.</param>
    /// <param name="Website">Where to read more.</param>
    /// <param name="Html">How to ask there; safe to show.</param>
    /// <param name="Sources">Where this comes from.</param>
    /// <param name="Conflicts">What the sources disagree on; to be shown beside the text.</param>
    internal sealed record SecondOpinionStructure(
        string Id, string Name, string Region, IReadOnlyList<string> AccessModes, bool LetterAdvised, bool LetterLegallyRequired,
        IReadOnlyList<string> Specialties,
        IReadOnlyList<string> Finess, string Address, string? Phone, string Website, string Html, IReadOnlyList<ContentSource> Sources,
        IReadOnlyList<string> Conflicts);

    /// <summary>A centre of the national list of cancer centres.</summary>
    /// <param name="Finess">FINESS number of the site, 9 digits.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="Commune">Where it is.</param>
    /// <param name="DepartmentCode">Département, e.g. <c>69</c>.</param>
    /// <param name="DepartmentName">Its name.</param>
    /// <param name="Activity">What it does in cancer care, in French.</param>
    /// <param name="Source">The list that names it.</param>
    /// <param name="Date">Of the list.</param>
    internal sealed record CancerCentreView(
        string Finess, string Name, string Commune, string DepartmentCode, string DepartmentName, string Activity, string Source, string Date);

    /// <summary>Where to get a second opinion in person.</summary>
    /// <param name="Items">Places that give second opinions.</param>
    /// <param name="CancerCentres">Of the whole country, or of the département that was asked for.</param>
    internal sealed record Structures(IReadOnlyList<SecondOpinionStructure> Items, IReadOnlyList<CancerCentreView> CancerCentres);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/orientation/structures", Handle)
        .AllowAnonymous()
        .WithName("ListStructures")
        .WithSummary("Find a structure for a second opinion")
        .WithDescription("Structures with access mode and whether a letter is advised; the cancer centres of France, optionally of one département.");

    /// <param name="department">Only cancer centres of this département, e.g. <c>75</c>; <c>2A</c> and <c>974</c> are codes too.</param>
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
