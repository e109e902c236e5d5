using Markdig;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>The pages: rights, the four steps, questions and answers, help, associations, each with its sources and its simplified version.</summary>
internal static class ShowPages
{
    // One sentence a line is a rule of the simplified pages: their lines stay lines.
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseSoftlineBreakAsHardlineBreak().Build();

    /// <summary>A page in a list.</summary>
    /// <param name="Id">For the path.</param>
    /// <param name="Kind">What it is, e.g. <c>guide</c>.</param>
    /// <param name="Title">French title.</param>
    /// <param name="SimpleTitle">Title of the simplified version.</param>
    /// <param name="Needs">Codes of the needs that it answers.</param>
    internal sealed record OrientationPageSummary(string Id, string Kind, string Title, string SimpleTitle, IReadOnlyList<string> Needs);

    /// <summary>Something people need help with.</summary>
    /// <param name="Code">To filter by.</param>
    /// <param name="Name">As people say it, French.</param>
    internal sealed record HelpNeed(string Code, string Name);

    /// <summary>The pages, and what they can be looked up by.</summary>
    /// <param name="Items">Those that fit what was asked.</param>
    /// <param name="Needs">The needs that pages of help answer.</param>
    internal sealed record OrientationPages(IReadOnlyList<OrientationPageSummary> Items, IReadOnlyList<HelpNeed> Needs);

    /// <summary>A page that orients patients.</summary>
    /// <param name="Id">Stable.</param>
    /// <param name="Kind">What it is, e.g. <c>guide</c>.</param>
    /// <param name="Title">French title.</param>
    /// <param name="Markdown">The text as Markdown; French.</param>
    /// <param name="Html">Safe to show: made from the Markdown with HTML turned off.</param>
    /// <param name="Sources">Where it comes from.</param>
    /// <param name="Reviewed">When it was last read against its sources.</param>
    /// <param name="Conflicts">What the sources disagree on; to be shown beside the text.</param>
    /// <param name="Simplified">The same in simplified French.</param>
    /// <param name="Website">Of the organisation that the page is about; null for others.</param>
    internal sealed record OrientationPage(
        string Id, string Kind, string Title, string Markdown, string Html, IReadOnlyList<ContentSource> Sources, DateOnly Reviewed,
        IReadOnlyList<string> Conflicts,
        SimplifiedPage Simplified, string? Website);

    /// <summary>The simplified version of a page.</summary>
    /// <param name="Label">« version simplifiée », or « FALC » once people with intellectual disability have validated it.</param>
    /// <param name="Title">Simplified French title.</param>
    /// <param name="Markdown">The text as Markdown.</param>
    /// <param name="Html">The same, safe to show.</param>
    /// <param name="Status"><c>draft</c>, <c>reviewed</c> or <c>falc_validated</c>.</param>
    /// <param name="Reviewed">When it was last read against the page.</param>
    /// <param name="ValidatedBy">The group that validated it; null before.</param>
    /// <param name="ValidatedOn">The day of that; null before.</param>
    internal sealed record SimplifiedPage(
        string Label, string Title, string Markdown, string Html, string Status, DateOnly Reviewed, string? ValidatedBy, DateOnly? ValidatedOn);

    // Open to everybody: this is what one reads before having an account, and it holds nothing about anybody.
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/pages", List)
            .AllowAnonymous()
            .WithName("ListOrientationPages")
            .WithSummary("List the orientation pages")
            .WithDescription(
                "Optionally of one kind: emergency, exclusion, right, guide, faq, structure, delay, cost, advice, help, association, letter; or those that "
                    + "answer one need.");
        api.MapGet("/orientation/pages/{id}", Handle)
            .AllowAnonymous()
            .WithName("GetOrientationPage")
            .WithSummary("Read an orientation page")
            .WithDescription("With its sources and dates, what they disagree on, and its simplified version.");
    }

    internal static string Html(string markdown) => Markdown.ToHtml(markdown, Pipeline);

    /// <param name="kind">Only pages of this kind.</param>
    /// <param name="need">Only pages of help that answer this need: a code of <c>needs</c>.</param>
    private static Results<Ok<OrientationPages>, Problem> List(ContentBook book, string? kind = null, string? need = null) =>
        kind is not null && !ContentPage.Kinds.Contains(kind)
            ? CommonProblems.Invalid(new FieldError(
                "#/kind", "unknown_code", "Ce genre de page n'existe pas : choisissez-en un de la liste.", [.. ContentPage.Kinds]))
            : need is not null && !ContentPage.HelpNeeds.ContainsKey(need)
            ? CommonProblems.Invalid(new FieldError(
                "#/need", "unknown_code", "Ce besoin n'existe pas : choisissez-en un de la liste.", [.. ContentPage.HelpNeeds.Keys]))
            : TypedResults.Ok(new OrientationPages(
                [
                    .. book.Pages.Where(p => (kind is null || p.Kind == kind) && (need is null || p.Needs.Contains(need)))
                        .Select(p => new OrientationPageSummary(p.Id, p.Kind, p.Title, p.Simple.Title, p.Needs)),
                ],
                [.. ContentPage.HelpNeeds.Select(n => new HelpNeed(n.Key, FrenchText.Typeset(n.Value)))]));

    /// <param name="id">The page, by its id in the list.</param>
    private static Results<Ok<OrientationPage>, Problem> Handle(string id, ContentBook book) =>
        book.Find(id) is { } page ? TypedResults.Ok(View(page)) : CommonProblems.Absent();

    internal static OrientationPage View(ContentPage page) => new(
        page.Id, page.Kind, page.Title, page.Markdown, Html(page.Markdown), page.Sources, page.Reviewed, page.Conflicts,
        new SimplifiedPage(
            page.Simple.Label, page.Simple.Title, page.Simple.Markdown, Html(page.Simple.Markdown), page.Simple.Status, page.Simple.Reviewed,
            page.Simple.ValidatedBy,
            page.Simple.ValidatedOn),
        page.Website);
}
