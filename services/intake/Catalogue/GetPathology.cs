using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>One pathology: what it is called, who treats it, what to bring, and whether it is better seen in person.</summary>
internal static class GetPathology
{
    internal sealed record PathologyView(
        string Code, string Name, IReadOnlyList<string> Synonyms, IReadOnlyList<string> Abbreviations, IReadOnlyList<string> Cim10,
        PathologySpecialty Specialty,
        IReadOnlyList<PathologySpecialty> OtherSpecialties, string Organ, string Family, bool Rare, bool Paediatric, IReadOnlyList<PathologyDocument> Documents,
        string? InPersonAdvice, string Questionnaire, int QuestionnaireVersion);

    internal sealed record PathologySpecialty(string Code, string Name);

    internal sealed record PathologyDocument(string Code, string Name, string TypeCode, string TypeSystem, string Hint);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/pathologies/{code}", Handle)
        .AllowAnonymous()
        .WithName("GetPathology")
        .WithSummary("Read a pathology")
        .WithDescription("An entry of the project's own catalogue.");

    private static Results<Ok<PathologyView>, Problem> Handle(string code, PathologyCatalogue catalogue, QuestionnaireBook questionnaires) =>
        catalogue.TryGet(code, out var p)
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
