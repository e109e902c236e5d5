using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Overview;

/// <summary>The caller's own cases, newest first, page by page.</summary>
internal static class ListCases
{
    /// <summary>What its cursors are good for.</summary>
    private const string Filter = "cases";

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .WithName("ListCases")
        .WithSummary("List one's cases")
        .WithDescription("Newest first. Pass `next` of one page as `after` for the following one.");

    private static Task<Results<Ok<Page<CaseSummary>>, Problem>> Handle(
        ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Cursors cursors, PathologyCatalogue catalogue, CancellationToken cancel,
        int? limit = null, string? after = null) =>
        dataSource.InTransaction<Results<Ok<Page<CaseSummary>>, Problem>>(async db =>
        {
            if (!cursors.Read(limit, after, user, Filter).TryGet(out var page, out var refusal))
            {
                return refusal;
            }

            var (size, last) = page;
            var rows = await CaseRows.Page(db, user, last, size + 1);
            await AuditTrail.Record(db, user, "search", "case", Guid.Empty, Purpose.Of(user));
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new Page<CaseSummary>(
                [.. rows.Take(size).Select(file => CaseViews.Summary(file, catalogue))],
                rows.Count > size ? cursors.Encode(rows[size - 1].Id, user, Filter) : null));
        }, cancel);
}
