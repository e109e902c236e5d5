using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Physician.Admission;

/// <summary>
/// For which diseases the council still has to find référents: the promise is a référent of that very disease, and one alone is on holiday some day.
/// </summary>
internal static class ShowCoverage
{
    /// <summary>With fewer there is nobody left when one is away, full, or not independent.</summary>
    private const int Enough = 2;

    /// <summary>How far the diseases of the catalogue are covered.</summary>
    /// <param name="Physicians">Référents who are admitted and not suspended.</param>
    /// <param name="Pathologies">Diseases of the catalogue.</param>
    /// <param name="Covered">Those with at least two référents.</param>
    /// <param name="Gaps">Those with one or none, the fewest first.</param>
    internal sealed record ReferentCoverage(long Physicians, int Pathologies, int Covered, IReadOnlyList<CoverageGap> Gaps);

    /// <summary>A disease with too few référents.</summary>
    /// <param name="PathologyCode">Code of the catalogue.</param>
    /// <param name="Name">French.</param>
    /// <param name="SpecialtyCode">R38 code of the specialty in which to look.</param>
    /// <param name="Referents">How many there are.</param>
    internal sealed record CoverageGap(string PathologyCode, string Name, string SpecialtyCode, int Referents);

    private static readonly IReadOnlyList<(string Code, string Name, string Specialty)> Catalogue = Read();

    public static void Map(RouteGroupBuilder api) => api.MapGet("/physicians/coverage", Handle)
        .AllowRoles(Roles.Ops, Roles.Council)
        .WithName("ShowReferentCoverage")
        .WithSummary("Diseases with too few référents")
        .WithDescription("Of all diseases of the catalogue, those for which fewer than two référents are admitted. Whoever is suspended does not count.");

    private static async Task<Ok<ReferentCoverage>> Handle(NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var physicians = await db.ExecuteScalarAsync<long>("select count(*) from physician where suspended_at is null");
        var referents = (await db.QueryAsync<(string Code, int Referents)>(
            "select code, count(*)::int from physician, unnest(pathology_codes) code where suspended_at is null group by code"))
            .ToDictionary(r => r.Code, r => r.Referents);
        var gaps = Catalogue
            .Select(p => new CoverageGap(p.Code, p.Name, p.Specialty, referents.GetValueOrDefault(p.Code)))
            .Where(gap => gap.Referents < Enough)
            .OrderBy(gap => gap.Referents)
            .ToList();
        return TypedResults.Ok(new ReferentCoverage(physicians, Catalogue.Count, Catalogue.Count - gaps.Count, gaps));
    }

    /// <summary>Intake's catalogue of diseases, of which code, name and specialty are read here.</summary>
    private static List<(string Code, string Name, string Specialty)> Read()
    {
        using var text = new StreamReader(typeof(ShowCoverage).Assembly.GetManifestResourceStream("Admission/pathologies.csv")!);
        var lines = text.ReadToEnd().Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToList();
        var header = lines[0].Split(';').ToList();
        var (code, name, specialty) = (header.IndexOf("code"), header.IndexOf("name"), header.IndexOf("specialty"));
        return [.. lines.Skip(1).Select(line => line.Split(';')).Select(cells => (cells[code], cells[name], cells[specialty]))];
    }
}
