using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>Search as you type: what people call their disease leads to the catalogue's entry.</summary>
internal static class SearchPathologies
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 50;
    private const int LongestQuery = 100;

    /// <summary>What people type.</summary>
    /// <param name="Q">A name, an everyday word, an abbreviation or a CIM-10 code, e.g. <c>cancer du sein</c>.</param>
    /// <param name="Limit">How many at most, 1 to 50; 10 when left out.</param>
    [HealthData]
    internal sealed record PathologySearch([property: MaxLength(LongestQuery)] string Q, int Limit = DefaultLimit);

    /// <summary>A disease that was found.</summary>
    /// <param name="Code">Code of the catalogue.</param>
    /// <param name="Name">French name.</param>
    /// <param name="Matched">The synonym, abbreviation or code that was recognised.</param>
    /// <param name="Family">Family of diseases, in French.</param>
    /// <param name="Organ">Part of the body, in French.</param>
    /// <param name="Rare">A rare disease (fewer than 5 in 10,000 people in Europe), or one that needs a team for rare diseases.</param>
    /// <param name="Paediatric">A disease of children first.</param>
    /// <param name="BetterInPerson">Better seen in person: ask for the advice.</param>
    internal sealed record PathologySuggestion(
        string Code, string Name, string Matched, string Family, string Organ, bool Rare, bool Paediatric, bool BetterInPerson);

    /// <summary>The diseases that were found.</summary>
    /// <param name="Items">Best first.</param>
    internal sealed record PathologySuggestions(IReadOnlyList<PathologySuggestion> Items);

    // Open to everybody: one looks for one's disease before having an account, and the answer is the same for all.
    // What they type is their disease: it goes in the body, since addresses stand in logs that are not ours.
    public static void Map(RouteGroupBuilder api) => api.MapPost("/pathologies/search", Handle)
        .AllowAnonymous()
        .WithName("SearchPathologies")
        .WithSummary("Search the catalogue")
        .WithDescription("Names, everyday words, abbreviations and CIM-10 codes; accents, case and typos do not matter. Best first.");

    private static Results<Ok<PathologySuggestions>, Problem> Handle(PathologySearch search, PathologyIndex index, PathologyCatalogue catalogue)
    {
        if (search.Limit is < 1 or > MaxLimit)
        {
            return CommonProblems.Invalid(new FieldError("#/limit", "out_of_range", $"limit va de 1 à {MaxLimit}."));
        }

        if (search.Q.Length > LongestQuery)
        {
            return CommonProblems.Invalid(new FieldError("#/q", "too_long", $"La recherche compte au plus {LongestQuery} caractères."));
        }

        return TypedResults.Ok(new PathologySuggestions(
        [
            .. index.Search(search.Q, search.Limit).Select(hit => new PathologySuggestion(
                hit.Pathology.Code, hit.Pathology.Name, hit.Matched, catalogue.Families[hit.Pathology.Family],
                catalogue.Organs[hit.Pathology.Organ], hit.Pathology.Rare,
                hit.Pathology.Paediatric, hit.Pathology.InPerson is not null)),
        ]));
    }
}
