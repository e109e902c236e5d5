using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fund;

/// <summary>Says how much the fund may spend in a year on a class of départements, on which of them, and in which situations.</summary>
internal static class SaveFundBudget
{
    private const long Most = 1_000_000_000_00;
    private const int MaxDepartments = 120;
    private const int MaxSituations = 4;

    /// <summary>A budget as it was decided.</summary>
    /// <param name="BudgetCents">Whole cents for the year.</param>
    /// <param name="Situations">In which the fund pays: <c>no_insurer</c>, <c>public_cover</c>, <c>long_illness</c>, <c>social_referral</c>.</param>
    /// <param name="Departments">Codes of the départements of this class; each stands in one class of the year at most.</param>
    internal sealed record FundBudgetRequest(
        [property: Range(0, Most)] long BudgetCents, [property: Length(1, MaxSituations)] IReadOnlyList<string> Situations,
        [property: Length(1, MaxDepartments)] IReadOnlyList<string> Departments);

    /// <summary>A budget with what became of it.</summary>
    /// <param name="Class"><c>desert</c>, <c>intermediate</c> or <c>well_served</c>.</param>
    /// <param name="Version">Counts the changes from 1; for If-Match.</param>
    /// <param name="Budget">For the year.</param>
    /// <param name="Held">Granted and not delivered yet.</param>
    /// <param name="Spent">On delivered opinions.</param>
    /// <param name="Left">What can still be granted; never negative.</param>
    /// <param name="Situations">In which the fund pays.</param>
    /// <param name="Departments">Départements of this class.</param>
    internal sealed record FundBudget(
        string Class, int Version, Money Budget, Money Held, Money Spent, Money Left, IReadOnlyList<string> Situations, IReadOnlyList<string> Departments);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/fund/budgets/{year:int}/{departmentClass}", Handle)
        .AllowRoles(Roles.Ops)
        .RequiresIfMatch()
        .Refuses(Problems.FundCommitted)
        .WithName("SaveFundBudget")
        .WithSummary("The solidarity fund's budget of a year for a class of départements")
        .WithDescription("The first time with `If-Match: \"v0\"`. It cannot become less than what is granted and spent already.");

    /// <param name="year">This year or the next.</param>
    /// <param name="departmentClass"><c>desert</c>, <c>intermediate</c> or <c>well_served</c>.</param>
    private static async Task<Results<Ok<FundBudget>, Problem>> Handle(
        int year, string departmentClass, FundBudgetRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var thisYear = FrenchTime.Day(time.GetUtcNow()).Year;
        if (!Words.TryRead<DepartmentClass>(departmentClass, out _) || year < thisYear || year > thisYear + 1)
        {
            return CommonProblems.Absent();
        }

        var faults = Faults(request);
        return faults.Count > 0
            ? CommonProblems.Invalid([.. faults])
            : await dataSource.InTransaction<Results<Ok<FundBudget>, Problem>>(async db =>
            {
                // One budget of the year at a time: no département comes into two.
                await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('fund-budget:' || @year, 0))", new { year });
                var current = await Read(db, (short)year, departmentClass);
                if (Etags.Mismatch(http.Request, current?.Version ?? 0) is { } mismatch)
                {
                    return mismatch;
                }

                return await Write(db, (short)year, departmentClass, request, user.Subject(), time.GetUtcNow(), http);
            });
    }

    /// <summary>Locked until the end of the transaction.</summary>
    private static Task<Row?> Read(NpgsqlConnection db, short year, string departmentClass) => db.QuerySingleOrDefaultAsync<Row?>(
        $"select {Columns} from fund_budget where year = @year and class = @departmentClass for update", new { year, departmentClass });

    private static async Task<Results<Ok<FundBudget>, Problem>> Write(
        NpgsqlConnection db, short year, string departmentClass, FundBudgetRequest request, string by, DateTimeOffset now, HttpContext http)
    {
        var departments = request.Departments.Distinct().Order(StringComparer.Ordinal).ToArray();
        var taken = await db.ExecuteScalarAsync<string?>(
            """
            select d
            from fund_budget b, unnest(b.departments) d
            where b.year = @year and b.class <> @departmentClass and d = any(@departments)
            order by d
            limit 1
            """, new { year, departmentClass, departments });
        if (taken is not null)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/departments", "in_another_class", $"Le département {taken} est dans une autre classe cette année."));
        }

        var saved = await db.QuerySingleOrDefaultAsync<Row>(
            $"""
            insert into fund_budget (year, class, version, cents, situations, departments, changed_by, changed_at)
            values (@year, @departmentClass, 1, @BudgetCents, @Situations, @departments, @by, @now)
            on conflict (year, class) do update set
              version = fund_budget.version + 1,
              cents = excluded.cents,
              situations = excluded.situations,
              departments = excluded.departments,
              changed_by = excluded.changed_by,
              changed_at = excluded.changed_at
            where fund_budget.held_cents + fund_budget.spent_cents <= excluded.cents
            returning {Columns}
            """,
            new { year, departmentClass, request.BudgetCents, Situations = request.Situations.Distinct().ToArray(), departments, by, now });
        if (saved is null)
        {
            return Problems.LessThanCommitted();
        }

        http.Response.Headers.ETag = Etags.Of(saved.Version);
        return TypedResults.Ok(Of(saved));
    }

    internal const string Columns = "class, version, cents, held_cents, spent_cents, situations, departments";

    internal static FundBudget Of(Row row) => new(
        row.Class, row.Version, Money.FromCents(row.Cents), Money.FromCents(row.HeldCents), Money.FromCents(row.SpentCents),
        Money.FromCents(row.Cents - row.HeldCents - row.SpentCents), row.Situations, row.Departments);

    private static List<FieldError> Faults(FundBudgetRequest request)
    {
        var faults = new List<FieldError>();
        if (request.BudgetCents is < 0 or > Most)
        {
            faults.Add(new("#/budgetCents", "out_of_range", "Le budget va de 0 à un milliard d'euros, en centimes."));
        }

        if (request.Situations.Count is 0 or > MaxSituations || request.Situations.Any(s => !Words.TryRead<FundSituation>(s, out _)))
        {
            faults.Add(new("#/situations", "unknown_code", "Choisissez au moins une des situations proposées.", [.. Words.All<FundSituation>()]));
        }

        if (request.Departments.Count is 0 or > MaxDepartments || request.Departments.Any(d => !Fund.Departments.Are(d)))
        {
            faults.Add(new("#/departments", "unknown_code", "Indiquez les codes des départements : 01 à 95, 2A, 2B, 971 à 989."));
        }

        return faults;
    }

    internal sealed record Row(string Class, int Version, long Cents, long HeldCents, long SpentCents, string[] Situations, string[] Departments);
}
