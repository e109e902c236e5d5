using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Gateway.ApiDescription;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway.ProblemPages;

/// <summary>
/// The page of every problem code that any service may answer with: what a problem's <c>type</c> resolves to. HTML for people, JSON for programs. A service
/// that has never answered is missing; the last known catalogue of one that is away stays.
/// </summary>
internal static class ReadProblems
{
    /// <param name="Code">Stable; never translated.</param>
    /// <param name="Origin">The service that answers with it, or <c>all</c>.</param>
    /// <param name="Help">Cause, example and remedy; French.</param>
    public sealed record ProblemPage(string Code, int Status, string Title, string TitleFr, string Origin, ProblemHelp? Help);

    public static void Map(WebApplication app)
    {
        app.MapGet("/problems", HandleAll).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/problems/{code}", HandleOne).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<Results<ContentHttpResult, Ok<IReadOnlyList<ProblemPage>>>> HandleAll(
        HttpRequest request, ServiceDocuments documents, CancellationToken cancel)
    {
        var all = await Catalogue(documents, cancel);
        return WantsHtml(request) ? Html("Codes de problème / Problem codes", Table(all)) : TypedResults.Ok(all);
    }

    private static async Task<Results<ContentHttpResult, Ok<ProblemPage>, Problem>> HandleOne(
        string code, HttpRequest request, ServiceDocuments documents, CancellationToken cancel)
    {
        var page = (await Catalogue(documents, cancel)).FirstOrDefault(p => p.Code.Equals(code, StringComparison.OrdinalIgnoreCase));
        if (page is null)
        {
            return Problems.NoSuchCode();
        }

        return WantsHtml(request) ? Html($"{page.Code} – {page.TitleFr}", One(page)) : TypedResults.Ok(page);
    }

    private static async Task<IReadOnlyList<ProblemPage>> Catalogue(ServiceDocuments documents, CancellationToken cancel)
    {
        var pages = CommonProblems.All.Select(p => ToPage(p, "all")).Concat(Problems.All.Select(p => ToPage(p, "gateway"))).ToList();
        foreach (var service in await documents.FromAll("/problems", cancel))
        {
            var types = service.Content?.Deserialize<IReadOnlyList<ProblemType>>(JsonSerializerOptions.Web) ?? [];
            pages.AddRange(types.Select(p => ToPage(p, service.Service)));
        }

        return [.. pages.DistinctBy(p => p.Code).OrderBy(p => p.Code, StringComparer.Ordinal)];
    }

    private static ProblemPage ToPage(ProblemType type, string origin) => new(type.Code, type.Status, type.Title, type.TitleFr, origin, type.Help);

    private static bool WantsHtml(HttpRequest request)
    {
        double Weight(params string[] types) => request.GetTypedHeaders().Accept
            .Where(a => types.Contains(a.MediaType.Value, StringComparer.OrdinalIgnoreCase)).Select(a => a.Quality ?? 1).DefaultIfEmpty(0).Max();

        return Weight("text/html", "application/xhtml+xml") > Weight("application/json", "application/problem+json");
    }

    private static string Table(IReadOnlyList<ProblemPage> pages) => pages.Aggregate(
        new StringBuilder("<table><thead><tr><th>Code</th><th>HTTP</th><th>Français</th><th>English</th></tr></thead><tbody>"),
        (html, p) => html.Append(CultureInfo.InvariantCulture,
            $"<tr><td><a href=\"/problems/{E(p.Code)}\">{E(p.Code)}</a></td><td>{p.Status}</td><td>{E(p.TitleFr)}</td><td lang=\"en\">{E(p.Title)}</td></tr>"))
        .Append("</tbody></table>").ToString();

    private static string One(ProblemPage p) =>
        $"""
        <dl>
          <dt>Code</dt><dd>{E(p.Code)} (stable)</dd>
          <dt>HTTP</dt><dd>{p.Status}</dd>
          <dt>Ce que cela veut dire</dt><dd>{E(p.TitleFr)}.</dd>
          <dt>Cause</dt><dd>{E(p.Help?.Cause ?? "")}</dd>
          <dt>Exemple</dt><dd>{E(p.Help?.Example ?? "")}</dd>
          <dt>Que faire</dt><dd>{E(p.Help?.Remedy ?? "")}</dd>
          <dt lang="en">What it means</dt><dd lang="en">{E(p.Title)}.</dd>
          <dt>Origine / <span lang="en">Origin</span></dt><dd>{E(p.Origin)}</dd>
        </dl>
        <p>Le champ « detail » de la réponse dit ce qui s'est passé cette fois ; donnez son « traceId » au support.</p>
        <p lang="en">The answer's <code>detail</code> says what happened this time; give its <code>traceId</code> to support.</p>
        <p><a href="/problems">Tous les codes / <span lang="en">All codes</span></a></p>
        """;

    private static ContentHttpResult Html(string title, string body) => TypedResults.Content(
        $"""
        <!doctype html>
        <html lang="fr">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{E(title)}</title></head>
        <body><main><h1>{E(title)}</h1>
        {body}
        </main></body>
        </html>
        """,
        "text/html", Encoding.UTF8);

    private static string E(string text) => HtmlEncoder.Default.Encode(text);
}
