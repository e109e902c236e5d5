using System.Globalization;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Partners;

/// <summary>
/// What an insurer's portal shows: members, checks, reservations, opinions and their delay, by contract; nothing about anybody, and never why.
/// </summary>
internal static class ShowActivity
{
    private const string Note =
        "Les nombres de personnes inférieurs à 11 sont affichés « <11 » ; les autres sont arrondis au multiple de 11 inférieur, et les totaux n'ajoutent que "
            + "ce qui est affiché.";

    /// <summary>An insurer's month in counts that single out nobody.</summary>
    /// <param name="InsurerId">The insurer.</param>
    /// <param name="InsurerName">Its name.</param>
    /// <param name="Month">yyyy-mm.</param>
    /// <param name="Until">End of what is counted: the last midnight in Paris, or the end of the month.</param>
    /// <param name="RosterVersion">Null before the first roster.</param>
    /// <param name="Members">In the roster that answers now.</param>
    /// <param name="Checks">Questions whether somebody is covered; an insurer's own are left out.</param>
    /// <param name="Reservations">Uses held for a case.</param>
    /// <param name="Opinions">Opinions delivered.</param>
    /// <param name="Delay">How long opinions took.</param>
    /// <param name="Note">How small counts are shown; French.</param>
    internal sealed record InsurerActivity(
        Guid InsurerId, string InsurerName, string Month, DateTimeOffset Until, int? RosterVersion, ActivityCounts Members, ActivityCounts Checks,
        ActivityCounts Reservations, ActivityCounts Opinions, ActivityDelay Delay, string Note);

    /// <summary>People counted as a whole and by contract.</summary>
    /// <param name="Total">The sum of what is shown; "&lt;11" when nothing is.</param>
    /// <param name="ByContract">One line for each contract with at least one person.</param>
    internal sealed record ActivityCounts(string Total, IReadOnlyList<ContractCount> ByContract);

    /// <summary>People of one contract.</summary>
    /// <param name="ContractCode">Empty for people who were not recognised.</param>
    /// <param name="People">"&lt;11", or a multiple of 11.</param>
    internal sealed record ContractCount(string ContractCode, string People);

    /// <summary>How long it took from the reservation to the opinion.</summary>
    /// <param name="AverageDays">From reservation to delivery, to half a day; null below eleven opinions.</param>
    /// <param name="Opinions">How many the average is made of.</param>
    internal sealed record ActivityDelay(double? AverageDays, string Opinions);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/insurers/{insurerId:guid}/activity", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .WithName("ShowInsurerActivity")
        .WithSummary("An insurer's month in counts")
        .WithDescription(
            "`month` is yyyy-mm, this month when left out. Counts of people below 11 are shown as <11 and cannot be worked out from anything else here.");

    /// <param name="insurerId">The insurer; an insurer's own token opens its own only.</param>
    /// <param name="month">yyyy-mm, e.g. <c>2026-11</c>; this month in Paris when left out.</param>
    private static async Task<Results<Ok<InsurerActivity>, Problem>> Handle(
        Guid insurerId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, InsurerDirectory insurers, TimeProvider time, string? month = null)
    {
        if (!user.MayReadInsurer(insurerId) || insurers.ById(insurerId) is not { } insurer)
        {
            return CommonProblems.Absent();
        }

        var today = FrenchTime.Day(time.GetUtcNow());
        if (!DateOnly.TryParseExact($"{month ?? today.ToString("yyyy-MM", CultureInfo.InvariantCulture)}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var first) || first > today)
        {
            return CommonProblems.Invalid(new FieldError("#/month", "invalid_month", "Le mois s'écrit AAAA-MM et n'est pas dans le futur."));
        }

        var end = first.AddMonths(1) < today ? first.AddMonths(1) : today;
        var period = new { insurerId, From = FrenchTime.Midnight(first), Until = FrenchTime.Midnight(end), Version = insurer.Roster?.Version ?? 0 };
        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        var members = await db.QueryAsync<(short, long)>(
            "select contract, members from roster_version_contract where insurer_id = @insurerId and version = @Version", period);
        var checks = await db.QueryAsync<(short, long)>(
            "select contract, sum(asked)::bigint from check_count where insurer_id = @insurerId and minute >= @From and minute < @Until and actor_role <> "
                + "'partner' group by contract", period);
        var reservations = await db.QueryAsync<(short, long)>(
            "select contract, count(*) from coverage where insurer_id = @insurerId and reserved_at >= @From and reserved_at < @Until group by contract",
            period);
        var delays = (await db.QueryAsync<(short Contract, double Days)>(
            """
            select c.contract, (extract(epoch from d.delivered_at - c.reserved_at) / 86400)::float8
            from coverage c
            join delivered_opinion d on d.case_id = c.case_id
            where c.insurer_id = @insurerId and d.delivered_at >= @From and d.delivered_at < @Until
            order by d.delivered_at, d.case_id
            """, period)).AsList();
        // Of a contract that a handful of people have, whoever asks often enough pushes a count over a step: nothing of its activity is shown.
        var small = (await db.QueryAsync<short>(
            """
            select c.contract
            from roster_version v
            join roster_version_contract c on c.insurer_id = v.insurer_id and c.version = v.version
            where v.insurer_id = @insurerId and v.imported_at < @Until
              and v.version >= coalesce(
                (select max(version) from roster_version where insurer_id = @insurerId and imported_at < @From), 1)
            group by c.contract
            having min(c.members) < @Smallest
            """, new { period.insurerId, period.From, period.Until, SmallCounts.Smallest })).ToHashSet();
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new InsurerActivity(
            insurer.Id, insurer.Name, first.ToString("yyyy-MM", CultureInfo.InvariantCulture), period.Until, insurer.Roster?.Version,
            Counts(insurer, members), Counts(insurer, Large(checks)), Counts(insurer, Large(reservations)),
            Counts(insurer, Large(delays.CountBy(d => d.Contract).Select(c => (c.Key, (long)c.Value)))),
            Delay([.. delays.Where(d => !small.Contains(d.Contract))]), Note));

        IEnumerable<(short Contract, long People)> Large(IEnumerable<(short Contract, long People)> counts) => counts.Where(c => !small.Contains(c.Contract));
    }

    /// <summary>A row for every contract, used or not: a missing row would tell a zero from a three.</summary>
    internal static ActivityCounts Counts(Insurer insurer, IEnumerable<(short Contract, long People)> counted)
    {
        var counts = counted.ToDictionary(c => c.Contract, c => c.People);
        var rows = insurer.Contracts.Values.OrderBy(c => c.Code, StringComparer.Ordinal)
            .Select(c => new ContractCount(c.Code, SmallCounts.Shown(counts.GetValueOrDefault(c.Number))))
            .Append(new ContractCount("", SmallCounts.Shown(counts.GetValueOrDefault((short)0))));
        return new ActivityCounts(SmallCounts.Total(counts.Values), [.. rows]);
    }

    /// <summary>Only as many opinions of a contract as its count shows, in the order of delivery: the average moves by eleven people or not at
    /// all.</summary>
    internal static ActivityDelay Delay(IReadOnlyList<(short Contract, double Days)> delays)
    {
        var usable = delays.GroupBy(d => d.Contract).SelectMany(c => c.Take((int)SmallCounts.Usable(c.Count()))).Select(d => d.Days).ToList();
        return new ActivityDelay(
            usable.Count == 0 ? null : Math.Round(usable.Average() * 2, MidpointRounding.AwayFromZero) / 2, SmallCounts.Shown(usable.Count));
    }
}
