using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fees;

/// <summary>A physician's own fees over gRPC, for the physician service alone: amounts by month, no case.</summary>
internal sealed class FeesService(NpgsqlDataSource dataSource) : Contracts.Billing.V1.Fees.FeesBase
{
    public override async Task<StatementReply> Statement(StatementRequest request, ServerCallContext context)
    {
        if (!Guid.TryParse(request.PhysicianId, out var physicianId) || request.Year is < 2000 or > 9998)
        {
            throw CommonProblems.Absent().AsException();
        }

        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        var months = await db.QueryAsync<Month>(
            """
            select extract(month from delivered_at at time zone 'Europe/Paris')::int as number, count(*)::int as opinions, sum(cents)::bigint as earned,
              coalesce(sum(cents) filter (where state = 'ordered'), 0)::bigint as ordered, coalesce(sum(cents) filter (where state = 'paid'), 0)::bigint as paid
            from fee
            where physician_id = @physicianId and state <> 'cancelled' and delivered_at >= @From and delivered_at < @Until
            group by number
            order by number
            """,
            new
            {
                physicianId,
                From = FrenchTime.Midnight(new DateOnly(request.Year, 1, 1)),
                Until = FrenchTime.Midnight(new DateOnly(request.Year + 1, 1, 1)),
            });
        return new StatementReply
        {
            Months =
            {
                months.Select(m => new StatementMonth
                {
                    Month = m.Number,
                    Opinions = m.Opinions,
                    EarnedCents = m.Earned,
                    OrderedCents = m.Ordered,
                    PaidCents = m.Paid,
                }),
            },
        };
    }

    private sealed record Month(int Number, int Opinions, long Earned, long Ordered, long Paid);
}
