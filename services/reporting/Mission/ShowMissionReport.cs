using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// The mission report of a year that has ended: as data, as a page and as PDF. Of a running year there is none: two reports of two days would give away
/// who came in between.
/// </summary>
internal static class ShowMissionReport
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/mission/{year:int}", Read)
            .AllowRoles(Roles.Ops)
            .Refuses(Problems.YearNotOver)
            .WithName("ReadMissionReport")
            .WithSummary("The mission report of a year")
            .WithDescription("Every indicator of the four commitments over three years, with its definition, and what was declared. Groups of fewer than "
                + "eleven people are hidden, and so is what would give them away. Only of years that have ended (REP-0003).");
        api.MapGet("/mission/{year:int}/{format}", Download)
            .AllowRoles(Roles.Ops)
            .Refuses(Problems.YearNotOver)
            .GivesFile("application/pdf", "text/html")
            .WithName("DownloadMissionReport")
            .WithSummary("The mission report as a file")
            .WithDescription("`pdf`: French, tagged, PDF/A-3 and PDF/UA; `html`: one page that loads nothing. The same data and program give the same bytes.");
    }

    /// <param name="year">The civil year, 2000 to 2100.</param>
    private static async Task<Results<Ok<MissionReport>, Problem>> Read(
        int year, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        if (Refused(year, time) is { } refusal)
        {
            return refusal;
        }

        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.Ok(await MissionReport.Make(dataSource, year, cancel));
    }

    /// <param name="year">The civil year, 2000 to 2100.</param>
    /// <param name="format"><c>pdf</c> or <c>html</c>.</param>
    /// <returns>The file.</returns>
    private static async Task<Results<FileContentHttpResult, Problem>> Download(
        int year, string format, HttpContext http, NpgsqlDataSource dataSource, Fonts fonts, TimeProvider time, CancellationToken cancel)
    {
        if (format is not ("pdf" or "html"))
        {
            return CommonProblems.Absent();
        }

        if (Refused(year, time) is { } refusal)
        {
            return refusal;
        }

        var report = await MissionReport.Make(dataSource, year, cancel);
        http.Response.Headers.CacheControl = "private, no-cache";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        var name = $"rapport-de-mission-{year}.{format}";
        return format == "pdf"
            ? TypedResults.File(new ReportPdf(fonts).Set(report), "application/pdf", name)
            : TypedResults.File(ReportHtml.Write(report), "text/html; charset=utf-8", name);
    }

    private static Problem? Refused(int year, TimeProvider time) => !MissionReport.IsYear(year) ? CommonProblems.Absent()
        : year >= FrenchTime.Day(time.GetUtcNow()).Year ? Problems.ThisYearIsNotOver(year) : null;
}
