using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Payments;

/// <summary>What insurers owe, by age: an insurer sees its own, ops all.</summary>
internal static class ShowReceivables
{
    /// <summary>What is open on a day.</summary>
    /// <param name="On">Day in Paris.</param>
    /// <param name="Insurers">Those with something open or an advance, by name.</param>
    internal sealed record Receivables(DateOnly On, IReadOnlyList<InsurerReceivables> Insurers);

    /// <summary>What an insurer owes, by days past the due date.</summary>
    /// <param name="InsurerId">The insurer.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="NotDue">Not due yet.</param>
    /// <param name="Days1To30">1 to 30 days late.</param>
    /// <param name="Days31To60">31 to 60 days late.</param>
    /// <param name="Days61To90">61 to 90 days late.</param>
    /// <param name="Over90">Later.</param>
    /// <param name="Advance">Paid beyond what was owed.</param>
    /// <param name="Invoices">The open ones.</param>
    internal sealed record InsurerReceivables(
        Guid InsurerId, string Name, Money NotDue, Money Days1To30, Money Days31To60, Money Days61To90, Money Over90, Money Advance,
        IReadOnlyList<OpenInvoice> Invoices);

    /// <summary>An invoice that is not paid whole.</summary>
    /// <param name="Id">The invoice.</param>
    /// <param name="Number">Its number.</param>
    /// <param name="DueOn">Last day for the payment.</param>
    /// <param name="Open">Neither paid nor taken back; negative when it was taken back after its payment.</param>
    /// <param name="Reminders">How many were sent.</param>
    internal sealed record OpenInvoice(Guid Id, string Number, DateOnly DueOn, Money Open, long Reminders);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/payments/receivables", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .WithName("ShowReceivables")
        .WithSummary("What insurers owe, by age")
        .WithDescription("An insurer's token sees its own. An invoice is late from the day after its due date.");

    private static async Task<Ok<Receivables>> Handle(ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel)
    {
        var today = FrenchTime.Day(time.GetUtcNow());
        Guid? own = user.Role() == Roles.Partner ? user.InsurerId() : null;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var invoices = (await db.QueryAsync<Row>(
            """
            select o.insurer_id, o.id, o.number, o.due_on, o.open_cents::bigint as open_cents,
              (select count(*) from reminder r where r.invoice_id = o.id) as reminders
            from invoice_open o
            where o.open_cents <> 0 and (@own::uuid is null or o.insurer_id = @own)
            order by o.number
            """, new { own })).ToLookup(r => r.InsurerId);
        var advances = (await db.QueryAsync<(Guid InsurerId, long Cents)>(
            """
            select a.party_id, -sum(l.amount_cents)::bigint
            from ledger_account a
            join ledger_line l on l.account_id = a.id
            where a.kind = 'advance' and (@own::uuid is null or a.party_id = @own)
            group by a.party_id
            having sum(l.amount_cents) <> 0
            """, new { own })).ToDictionary(a => a.InsurerId, a => a.Cents);
        var names = await db.QueryAsync<(Guid Id, string Name)>(
            """
            select i.id, v.name
            from insurer i
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            where i.id = any(@Ids)
            order by v.name, i.id
            """, new { Ids = invoices.Select(g => g.Key).Union(advances.Keys).ToArray() });
        return TypedResults.Ok(new Receivables(today, [.. names.Select(n => Of(n.Id, n.Name, [.. invoices[n.Id]], advances.GetValueOrDefault(n.Id), today))]));
    }

    private static InsurerReceivables Of(Guid id, string name, IReadOnlyList<Row> rows, long advance, DateOnly today)
    {
        return new InsurerReceivables(
            id, name, Late(int.MinValue, 0), Late(1, 30), Late(31, 60), Late(61, 90), Late(91, int.MaxValue), Money.FromCents(advance),
            [.. rows.Select(r => new OpenInvoice(r.Id, r.Number, r.DueOn, Money.FromCents(r.OpenCents), r.Reminders))]);

        Money Late(int from, int to) =>
            Money.FromCents(rows.Where(r => today.DayNumber - r.DueOn.DayNumber is var days && days >= from && days <= to).Sum(r => r.OpenCents));
    }

    private sealed record Row(Guid InsurerId, Guid Id, string Number, DateOnly DueOn, long OpenCents, long Reminders);
}
