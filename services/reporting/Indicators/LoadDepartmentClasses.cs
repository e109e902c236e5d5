using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting.Indicators;

/// <summary>
/// Loads a table that says of each département how well it is provided with physicians. The classes are somebody's decision (the mission report speaks of the
/// national council of the order of physicians, whose table is not published), so the service computes none: it keeps every version with who decided it. A
/// version that was loaded never changes: an indicator that was read last year must still be explainable.
/// </summary>
internal static partial class LoadDepartmentClasses
{
    private const int FirstYear = 2000;
    private const int LastYear = 2100;
    private const int MaxSource = 500;
    private const int MaxDecidedBy = 200;
    private const int MaxRows = 120;
    private const string CodeForm = "(?:0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5]|97[1-8]|98[46-9])";
    private static readonly string[] Classes = ["desert", "intermediate", "well_served"];

    /// <summary>A decided table of how well each département is provided with physicians.</summary>
    /// <param name="Year">Year of the situation that the classes describe.</param>
    /// <param name="Source">Where the table is published or kept, to be shown with the figures.</param>
    /// <param name="DecidedBy">Who decided the classes: an authority, or the scientific council.</param>
    /// <param name="Official">True when an authority published the table; false for a decision of this service's council.</param>
    /// <param name="Rows">One per département or collectivité; those left out count as unclassified.</param>
    public sealed record DepartmentClassTable(
        [property: Range(FirstYear, LastYear)] int Year,
        [property: Length(1, MaxSource)] string Source,
        [property: Length(1, MaxDecidedBy)] string DecidedBy,
        bool Official,
        [property: Length(1, MaxRows)] IReadOnlyList<DepartmentClassRow> Rows);

    /// <summary>The class of one département.</summary>
    /// <param name="Department">Code of the official geographic code: <c>01</c> to <c>95</c>, <c>2A</c>, <c>2B</c>, <c>971</c> to <c>989</c>.</param>
    /// <param name="Class"><c>desert</c>, <c>intermediate</c> or <c>well_served</c>.</param>
    public sealed record DepartmentClassRow(
        [property: RegularExpression("^" + CodeForm + "$")] string Department, [property: Codes(typeof(LoadDepartmentClasses), nameof(Classes))] string Class);

    /// <summary>A table as it is kept.</summary>
    /// <param name="Version">Number of the table; the highest one is used by the indicators.</param>
    /// <param name="Table">What was sent, in order of département.</param>
    public sealed record LoadedTable(int Version, DepartmentClassTable Table);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/department-classes/{version:int}", Handle)
        .AllowRoles(Roles.Ops, Roles.Council)
        .Refuses(Problems.TableVersionTaken)
        .WithName("LoadDepartmentClasses")
        .WithSummary("Loads a table of classes of départements")
        .WithDescription("Keeps the table under its version, with its year, source and who decided it; indicators use the highest version. Sending the same "
            + "table again changes nothing; another table under a version that exists is refused (REP-0002).");

    /// <param name="version">Number of the table; the indicators use the highest.</param>
    private static async Task<Results<Ok<LoadedTable>, Created<LoadedTable>, Problem>> Handle(
        int version, DepartmentClassTable request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = Faults(version, request);
        if (faults.Count > 0)
        {
            return CommonProblems.Invalid([.. faults]);
        }

        return await dataSource.InTransaction<Results<Ok<LoadedTable>, Created<LoadedTable>, Problem>>(async db =>
        {
            var rows = request.Rows.OrderBy(row => row.Department, StringComparer.Ordinal).ToList();
            var loaded = await db.ExecuteAsync(
                """
                insert into department_class_version (version, year, source, decided_by, official, loaded_by, loaded_at)
                values (@version, @Year, @Source, @DecidedBy, @Official, @By, @Now)
                on conflict do nothing
                """,
                new { version, request.Year, request.Source, request.DecidedBy, request.Official, By = user.Subject(), Now = time.GetUtcNow() });
            if (loaded == 1)
            {
                await db.ExecuteAsync(
                    "insert into department_class (version, code, class) select @version, * from unnest(@Codes, @Names)",
                    new { version, Codes = rows.Select(row => row.Department).ToArray(), Names = rows.Select(row => row.Class).ToArray() });
                return TypedResults.Created($"/api/v1/reports/department-classes/{version}", new LoadedTable(version, request with { Rows = rows }));
            }

            var known = await db.QuerySingleAsync<(int Year, string Source, string DecidedBy, bool Official)>(
                "select year, source, decided_by, official from department_class_version where version = @version", new { version });
            var kept = await db.QueryAsync<(string Department, string Class)>(
                "select code, class from department_class where version = @version order by code collate \"C\"", new { version });
            return known == (request.Year, request.Source, request.DecidedBy, request.Official)
                && kept.SequenceEqual(rows.Select(row => (row.Department, row.Class)))
                    ? TypedResults.Ok(new LoadedTable(version, request with { Rows = rows }))
                    : Problems.AnotherTableHasThisVersion(version);
        });
    }

    private static List<FieldError> Faults(int version, DepartmentClassTable table)
    {
        var faults = new List<FieldError>();
        void When(bool wrong, string field, string code, string sentence, IReadOnlyList<string>? allowed = null)
        {
            if (wrong)
            {
                faults.Add(new FieldError(field, code, sentence, allowed));
            }
        }

        When(version < 1, "#/version", "too_small", "Le numéro de version commence à 1.");
        When(table.Year is < FirstYear or > LastYear, "#/year", "out_of_range", "Année sur quatre chiffres, par exemple 2023.");
        When(string.IsNullOrWhiteSpace(table.Source) || table.Source.Length > MaxSource, "#/source", "length",
            $"Indiquez la source ({MaxSource} caractères au plus).");
        When(string.IsNullOrWhiteSpace(table.DecidedBy) || table.DecidedBy.Length > MaxDecidedBy, "#/decidedBy", "length",
            $"Indiquez qui a décidé ces classes ({MaxDecidedBy} caractères au plus).");
        When(table.Rows is not { Count: > 0 and <= MaxRows }, "#/rows", "count", $"Une ligne par département ou collectivité, {MaxRows} au plus.");
        foreach (var (row, i) in (table.Rows ?? []).Select((row, i) => (row, i)))
        {
            When(row is null || !Code().IsMatch(row.Department ?? ""), $"#/rows/{i}/department", "unknown_department",
                "Code de département ou de collectivité : 01 à 95, 2A, 2B, 971 à 989.");
            When(row is null || !Classes.Contains(row.Class), $"#/rows/{i}/class", "unknown_class", "Cette classe n'existe pas : choisissez-en une.", Classes);
        }

        var isTwice = (table.Rows ?? []).OfType<DepartmentClassRow>().GroupBy(row => row.Department).Any(group => group.Count() > 1);
        When(isTwice, "#/rows", "duplicate", "Un département ne figure qu'une fois.");
        return faults;
    }

    [GeneratedRegex(@"\A" + CodeForm + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex Code();
}
