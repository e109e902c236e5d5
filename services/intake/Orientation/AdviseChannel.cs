using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>Online or in person, for this disease, with the reason and where to go.</summary>
internal static class AdviseChannel
{
    /// <summary>About which disease advice is wanted.</summary>
    /// <param name="Pathology">Code of the catalogue, e.g. <c>endometriose</c>.</param>
    [HealthData]
    internal sealed record AdviceRequest([property: Form("pathology-code", "endometriose")] string Pathology);

    /// <summary>Whether this disease is better seen online or in person.</summary>
    /// <param name="PathologyCode">Code of the catalogue.</param>
    /// <param name="Channel"><c>online</c>, or <c>in_person</c> when a visit is better; the patient decides.</param>
    /// <param name="Rule">Stable code of the rule that decided, e.g. <c>rare_tumour_centre</c>.</param>
    /// <param name="Reason">Why, in French.</param>
    /// <param name="OnlineStillPossible">Always true: it is advice, not a refusal.</param>
    /// <param name="Structures">Ids of the structures to look at.</param>
    /// <param name="Page">The page to show with it.</param>
    internal sealed record ChannelAdvice(
        string PathologyCode, string Channel, string Rule, string Reason, bool OnlineStillPossible, IReadOnlyList<string> Structures,
        ShowPages.OrientationPage Page);

    private const string NoRule = "file_is_enough";

    public static void Map(RouteGroupBuilder api) => api.MapPost("/orientation/advice", Handle)
        .AllowAnonymous()
        .WithName("AdviseChannel")
        .WithSummary("Online or in person?")
        .WithDescription("By pathology: rare tumours, diseases that must be examined and the like are better seen in a centre; the reason is told.");

    private static Results<Ok<ChannelAdvice>, Problem> Handle(AdviceRequest request, PathologyCatalogue catalogue, ContentBook book)
    {
        if (!catalogue.TryGet(request.Pathology, out var found))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/pathology", "unknown_pathology", "Cette maladie n'est pas dans notre catalogue. Cherchez-la par son nom."));
        }

        var page = ShowPages.View(book.Find("online-or-in-person")!);
        return TypedResults.Ok(found.InPerson is { } rule
            ? new ChannelAdvice(found.Code, "in_person", rule, catalogue.InPersonReasons[rule], OnlineStillPossible: true, Structures(book, found), page)
            : new ChannelAdvice(
                found.Code, "online", NoRule,
                "Votre dossier suffit le plus souvent pour un avis sur cette maladie. Vous gagnez le temps du rendez-vous et du trajet.",
                OnlineStillPossible: true, Structures(book, found), page));
    }

    /// <summary>Cancer centres for cancers, the others for everything.</summary>
    private static IReadOnlyList<string> Structures(ContentBook book, Pathology pathology)
    {
        string[] cancerFamilies = ["oncology", "breast", "haematology"];
        var cancer = cancerFamilies.Contains(pathology.Family) && pathology.Cim10.Any(c => c.StartsWith('C') || c.StartsWith("D0", StringComparison.Ordinal));
        return [.. book.OfKind("structure")
            .Where(s => s.Structure!.Specialties.Any(x => x == "all" || cancer && x is "cancer" or "haematology")).Select(s => s.Id)];
    }
}
