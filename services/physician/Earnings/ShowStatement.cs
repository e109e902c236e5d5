using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Earnings;

/// <summary>What a physician delivered, counted here, and earned by it, as billing has it.</summary>
internal static class ShowStatement
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>A year of one's own opinions and fees.</summary>
    /// <param name="Year">The calendar year, in Paris time.</param>
    /// <param name="Delivered">Opinions delivered; a correction is no further one.</param>
    /// <param name="Earned">Fees of these opinions, cancelled ones left out. A fee may follow its opinion by a moment.</param>
    /// <param name="Months">January first; months without an opinion or a fee are left out.</param>
    internal sealed record FeeStatement(int Year, int Delivered, Money Earned, IReadOnlyList<FeeMonth> Months);

    /// <summary>A month of it.</summary>
    /// <param name="Month">1 to 12.</param>
    /// <param name="Delivered">Opinions delivered in the month.</param>
    /// <param name="Earned">Fees of opinions delivered in the month.</param>
    /// <param name="Due">Of these, what is not ordered yet.</param>
    /// <param name="Ordered">What the bank was told to transfer.</param>
    /// <param name="Paid">What it has transferred.</param>
    internal sealed record FeeMonth([property: Range(1, 12)] int Month, int Delivered, Money Earned, Money Due, Money Ordered, Money Paid);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/worklist/statement", Handle)
        .AllowRoles(Roles.Physician)
        .WithName("ShowOwnStatement")
        .WithSummary("What I delivered and earned in a year")
        .WithDescription("Counts and amounts by month of delivery, in Paris time. `year` is the present one unless given. No case is named.");

    /// <param name="year">The calendar year, 2000 to 9998; the present one when left out.</param>
    private static async Task<Results<Ok<FeeStatement>, Problem>> Handle(
        [Range(2000, 9998)] int? year, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Fees.FeesClient billing, TimeProvider time,
        CancellationToken cancel)
    {
        var asked = year ?? FrenchTime.Day(time.GetUtcNow()).Year;
        if (asked is < 2000 or > 9998)
        {
            return CommonProblems.Invalid(new FieldError("#/year", "out_of_range", "L'année va de 2000 à 9998."));
        }

        var physicianId = user.PhysicianId();
        IReadOnlyDictionary<int, StatementMonth> fees;
        try
        {
            var reply = await billing.StatementAsync(
                new StatementRequest { PhysicianId = physicianId.ToString(), Year = asked }, deadline: Deadline.In(Limit), cancellationToken: cancel);
            fees = reply.Months.ToDictionary(m => m.Month);
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return CommonProblems.Away();
        }

        var delivered = await Delivered(dataSource, physicianId, asked, cancel);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new FeeStatement(
            asked,
            delivered.Values.Sum(),
            Money.FromCents(fees.Values.Sum(m => m.EarnedCents)),
            [.. delivered.Keys.Union(fees.Keys).Order().Select(m => Month(m, delivered.GetValueOrDefault(m), fees.GetValueOrDefault(m)))]));
    }

    private static FeeMonth Month(int number, int delivered, StatementMonth? fee) => new(
        number,
        delivered,
        Money.FromCents(fee?.EarnedCents ?? 0),
        Money.FromCents((fee?.EarnedCents ?? 0) - (fee?.OrderedCents ?? 0) - (fee?.PaidCents ?? 0)),
        Money.FromCents(fee?.OrderedCents ?? 0),
        Money.FromCents(fee?.PaidCents ?? 0));

    private static async Task<IReadOnlyDictionary<int, int>> Delivered(
        NpgsqlDataSource dataSource, Guid physicianId, int year, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return (await db.QueryAsync<(int Month, int Count)>(
            """
            select extract(month from delivered_at at time zone 'Europe/Paris')::int as month, count(*)::int as count
            from worklist_item
            where physician_id = @physicianId and state = 'delivered' and delivered_at >= @From and delivered_at < @Until
            group by 1
            """,
            new { physicianId, From = FrenchTime.Midnight(new DateOnly(year, 1, 1)), Until = FrenchTime.Midnight(new DateOnly(year + 1, 1, 1)) }))
            .ToDictionary(m => m.Month, m => m.Count);
    }
}
