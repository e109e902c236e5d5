using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>One pathology: what it is called, who treats it, what to bring, and whether it is better seen in person.</summary>
internal static class GetPathology
{
    /// <summary>A disease of the catalogue: whom to ask, what the expert needs.</summary>
    /// <param name="Code">Stable code, e.g. <c>endometriose</c>.</param>
    /// <param name="Name">French name.</param>
    /// <param name="Synonyms">Other names, everyday ones among them.</param>
    /// <param name="Abbreviations">As physicians write it.</param>
    /// <param name="Cim10">Codes of CIM-10 (ICD-10, French edition) that it covers.</param>
    /// <param name="Specialty">The specialty that treats it first.</param>
    /// <param name="OtherSpecialties">Others that take part.</param>
    /// <param name="Organ">Part of the body, in French.</param>
    /// <param name="Family">Family of diseases, in French.</param>
    /// <param name="Rare">A rare disease (fewer than 5 in 10,000 people in Europe), or one that needs a team for rare diseases.</param>
    /// <param name="Paediatric">A disease of children first.</param>
    /// <param name="Documents">What an expert needs to see.</param>
    /// <param name="InPersonAdvice">Why it is better seen in person, in French; null when an opinion on the file is fine.</param>
    /// <param name="Questionnaire">Code of the questionnaire of its family.</param>
    /// <param name="QuestionnaireVersion">The current version of it.</param>
    internal sealed record PathologyView(
        string Code, string Name, IReadOnlyList<string> Synonyms, IReadOnlyList<string> Abbreviations, IReadOnlyList<string> Cim10,
        PathologySpecialty Specialty,
        IReadOnlyList<PathologySpecialty> OtherSpecialties, string Organ, string Family, bool Rare, bool Paediatric, IReadOnlyList<PathologyDocument> Documents,
        string? InPersonAdvice, string Questionnaire, int QuestionnaireVersion);

    /// <summary>A medical specialty.</summary>
    /// <param name="Code">R38 code (ANS nomenclature), e.g. <c>SM20</c>.</param>
    /// <param name="Name">French name.</param>
    internal sealed record PathologySpecialty(string Code, string Name);

    /// <summary>A kind of document that helps the expert.</summary>
    /// <param name="Code">Code for the upload's <c>type</c>.</param>
    /// <param name="Name">French name.</param>
    /// <param name="TypeCode">Document type for exchange with other systems, e.g. <c>11488-4</c>.</param>
    /// <param name="TypeSystem">The system of <paramref name="TypeCode"/>, e.g. <c>LOINC</c>.</param>
    /// <param name="Hint">Where people find it or whom to ask, in French.</param>
    internal sealed record PathologyDocument(string Code, string Name, string TypeCode, string TypeSystem, string Hint);

    /// <summary>Which disease.</summary>
    /// <param name="Code">Code of the catalogue, e.g. <c>endometriose</c>.</param>
    [HealthData]
    internal sealed record PathologyRequest([property: Form("pathology-code", "endometriose")] string Code);

    // In the body, like the search: addresses stand in logs that are not ours, beside the address of who asks.
    public static void Map(RouteGroupBuilder api) => api.MapPost("/pathologies/read", Handle)
        .AllowAnonymous()
        .WithName("GetPathology")
        .WithSummary("Read a pathology")
        .WithDescription("An entry of the project's own catalogue.");

    private static Results<Ok<PathologyView>, Problem> Handle(PathologyRequest request, PathologyCatalogue catalogue, QuestionnaireBook questionnaires) =>
        catalogue.TryGet(request.Code, out var p)
            ? TypedResults.Ok(new PathologyView(
                p.Code, p.Name, p.Synonyms, p.Abbreviations, p.Cim10, Specialty(catalogue, p.Specialty),
                [.. p.OtherSpecialties.Select(s => Specialty(catalogue, s))],
                catalogue.Organs[p.Organ], catalogue.Families[p.Family], p.Rare, p.Paediatric, [.. p.Documents.Select(d => Document(catalogue, d))],
                p.InPerson is { } rule ? catalogue.InPersonReasons[rule] : null, p.Family, questionnaires.LatestOf(p.Family).Version))
            : CommonProblems.Absent();

    private static PathologySpecialty Specialty(PathologyCatalogue catalogue, string code) => new(code, catalogue.Specialties[code]);

    private static PathologyDocument Document(PathologyCatalogue catalogue, string code)
    {
        var kind = catalogue.Documents[code];
        return new PathologyDocument(kind.Code, kind.Name, kind.TypeCode, kind.TypeSystem, kind.Hint);
    }
}
