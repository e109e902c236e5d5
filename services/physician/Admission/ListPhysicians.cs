using System.Globalization;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>Lists the admitted référents for operations and the scientific council.</summary>
internal static class ListPhysicians
{
    /// <summary>An admitted référent.</summary>
    /// <param name="PhysicianId">Pseudonym that every other service uses.</param>
    /// <param name="Rpps">11 digits.</param>
    /// <param name="DisplayName">As patients read it on the opinion.</param>
    /// <param name="SpecialtyCode">R38 code, e.g. <c>SM20</c>.</param>
    /// <param name="PathologyCodes">Codes of the catalogue.</param>
    /// <param name="Establishments">FINESS numbers of the places of practice.</param>
    /// <param name="Capacity">Cases that may be open at one time.</param>
    /// <param name="AwayUntil">No offers before; null when available.</param>
    /// <param name="AdmittedAt">When the council admitted the physician.</param>
    /// <param name="SuspendedAt">Suspended by the scientific council since then; null when not.</param>
    /// <param name="ReferencePathologies">Of the pathologies, those in which the physician is a reference of the field.</param>
    /// <param name="OccasionalPathologies">Of the pathologies, those seen only now and then.</param>
    /// <param name="Languages">ISO 639-1.</param>
    /// <param name="Patients"><c>adults</c>, <c>children</c> or <c>all</c>.</param>
    /// <param name="WeeklyCapacity">New cases in seven days, at most; null when only the open ones count.</param>
    /// <param name="Leaves">Days of leave to come.</param>
    /// <param name="ReviewDueAt">Until when the admission holds: the scientific council looks again before.</param>
    internal sealed record PhysicianProfile(
        Guid PhysicianId,
        string Rpps,
        string DisplayName,
        string SpecialtyCode,
        IReadOnlyList<string> PathologyCodes,
        IReadOnlyList<string> Establishments,
        int Capacity,
        DateTimeOffset? AwayUntil,
        DateTimeOffset AdmittedAt,
        DateTimeOffset? SuspendedAt,
        IReadOnlyList<string> ReferencePathologies,
        IReadOnlyList<string> OccasionalPathologies,
        IReadOnlyList<string> Languages,
        string Patients,
        int? WeeklyCapacity,
        IReadOnlyList<PhysicianLeave> Leaves,
        DateTimeOffset ReviewDueAt);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/physicians", Handle)
        .AllowRoles(Roles.Ops, Roles.Council)
        .WithName("ListPhysicians")
        .WithSummary("Admitted référents")
        .WithDescription("`pathology` keeps the référents of one pathology of the catalogue, `reviewDueBefore` those whose admission ends before a day. At "
            + "most 100 a page.");

    /// <param name="pathology">Only référents of this disease: a code of the catalogue.</param>
    /// <param name="reviewDueBefore">Only référents whose admission ends before this day.</param>
    private static async Task<Results<Ok<Page<PhysicianProfile>>, Problem>> Handle(
        string? pathology, DateOnly? reviewDueBefore, int? limit, string? after, ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors,
        CancellationToken cancel)
    {
        var filter = string.Create(CultureInfo.InvariantCulture, $"physicians:{pathology}:{reviewDueBefore:yyyy-MM-dd}");
        if (!cursors.Read(limit, after, user, filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var found = (await db.QueryAsync<PhysicianRow>(
            $"""
            select {PhysicianRow.Columns}
            from physician
            where (@last::uuid is null or physician_id > @last)
              and (@pathology::text is null or @pathology = any(pathology_codes))
              and (@reviewDueBefore::date is null or review_due_at < @reviewDueBefore::date)
            order by physician_id
            limit @Limit
            """,
            new { last, pathology, reviewDueBefore, Limit = size + 1 })).AsList();
        var items = found.Take(size)
            .Select(p => new PhysicianProfile(
                p.PhysicianId, p.Rpps, p.DisplayName, p.SpecialtyCode, p.PathologyCodes, p.Establishments, p.Capacity, p.AwayUntil, p.AdmittedAt,
                p.SuspendedAt, p.ReferencePathologies, p.OccasionalPathologies, p.Languages, p.Patients, p.WeeklyCapacity, PhysicianLeave.Read(p.Leaves),
                p.ReviewDueAt))
            .ToList();
        return TypedResults.Ok(new Page<PhysicianProfile>(items, found.Count > size ? cursors.Encode(items[^1].PhysicianId, user, filter) : null));
    }
}
