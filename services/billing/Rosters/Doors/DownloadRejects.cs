using System.Globalization;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>The lines that were not taken, as a CSV: where and why. Nothing of what they held: the insurer has the file.</summary>
internal static class DownloadRejects
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/rosters/{importId:guid}/rejects", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .GivesFile("text/csv")
        .WithName("DownloadRosterRejects")
        .WithSummary("The reject report of a roster import")
        .WithDescription(
            "CSV in UTF-8 with its mark, so that Excel opens it right: line, field, code, sentence. The first 100,000 lines are kept; the count in the "
                + "status is exact.");

    /// <param name="importId">The import, as its announcement named it.</param>
    /// <returns>The report: line, field, code and sentence of each rejected line.</returns>
    private static async Task<Results<PushStreamHttpResult, Problem>> Handle(Guid importId, ClaimsPrincipal user, NpgsqlDataSource dataSource, HttpContext http)
    {
        if (await ShowRosterImport.Visible(dataSource, importId, user) is null)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Stream(async body =>
        {
            await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
            // Excel in France takes a CSV without this mark for Windows-1252.
            await using var writer = new StreamWriter(body, new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            await writer.WriteAsync("ligne;champ;code;explication\r\n");
            await foreach (var (line, field, code) in db.QueryUnbufferedAsync<(long, string, string)>(
                "select line, field, code from roster_reject where import_id = @importId order by line", new { importId }))
            {
                await writer.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{line};{field};{code};{RejectCodes.Sentence(code)}\r\n"));
            }
        }, "text/csv; charset=utf-8", $"rejets-{importId}.csv");
    }
}
