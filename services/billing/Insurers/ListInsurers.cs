using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Insurers;

/// <summary>The insurers as ops sees them: all in a list, one with its contracts and every version of them. A partner sees the one that it is.</summary>
internal static class ListInsurers
{
    private const string Filter = "insurers";

    /// <summary>One line of the list of insurers.</summary>
    /// <param name="Id">The insurer.</param>
    /// <param name="AmcNumber">Its AMC number, 10 digits.</param>
    /// <param name="Name">As printed on its members' cards.</param>
    /// <param name="Kind"><c>mutuelle</c>, <c>institution_de_prevoyance</c> or <c>assureur</c>.</param>
    /// <param name="Version">Version of the insurer's details in force; for If-Match.</param>
    /// <param name="RosterVersion">The version that answers; null before the first import.</param>
    /// <param name="Members">People in the roster that answers; 0 before the first import.</param>
    internal sealed record InsurerSummary(Guid Id, string AmcNumber, string Name, string Kind, int Version, int? RosterVersion, long Members);

    /// <summary>An insurer and what its contracts promise.</summary>
    /// <param name="Insurer">The insurer as it is now.</param>
    /// <param name="Contracts">Every version, the highest first.</param>
    internal sealed record InsurerFile(SaveInsurer.InsurerDescription Insurer, IReadOnlyList<SaveContract.ContractDescription> Contracts);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/insurers", List).AllowRoles(Roles.Ops)
            .WithName("ListInsurers").WithSummary("Insurers, by AMC number").WithDescription("`after` is the `next` of the page before.");
        api.MapGet("/insurers/{insurerId:guid}", Show).AllowRoles(Roles.Partner, Roles.Ops)
            .GivesEtag()
            .WithName("ShowInsurer").WithSummary("An insurer with its contracts")
            .WithDescription("With every version of each contract; a partner reads its own (`insurer_id` of its token). ETag is the insurer's version; each "
                + "contract has its own.");
    }

    private static async Task<Results<Ok<Page<InsurerSummary>>, Problem>> List(
        ClaimsPrincipal user, NpgsqlDataSource dataSource, Cursors cursors, CancellationToken cancel, int? limit = null, string? after = null)
    {
        if (!cursors.Read(limit, after, user, Filter).TryGet(out var page, out var refusal))
        {
            return refusal;
        }

        var (size, last) = page;
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var items = (await db.QueryAsync<InsurerSummary>(
            """
            select i.id, i.amc_number, v.name, v.kind, i.version, r.version as roster_version, coalesce(rv.members, 0) as members
            from insurer i
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            left join roster r on r.insurer_id = i.id
            left join roster_version rv on rv.insurer_id = r.insurer_id and rv.version = r.version
            where @last::uuid is null or i.amc_number > (select amc_number from insurer where id = @last)
            order by i.amc_number
            limit @Count
            """,
            new { last, Count = size + 1 })).AsList();
        var more = items.Count > size;
        return TypedResults.Ok(new Page<InsurerSummary>(more ? items[..size] : items, more ? cursors.Encode(items[size - 1].Id, user, Filter) : null));
    }

    /// <param name="insurerId">The insurer.</param>
    private static async Task<Results<Ok<InsurerFile>, Problem>> Show(Guid insurerId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource)
    {
        if (!user.MayReadInsurer(insurerId))
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        var insurer = await db.QuerySingleOrDefaultAsync<InsurerRow>(
            """
            select i.id, i.amc_number, i.version, v.name, v.kind, v.invoice_name, v.invoice_street, v.invoice_post_code, v.invoice_city
            from insurer i
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            where i.id = @insurerId
            """, new { insurerId });
        if (insurer is null)
        {
            return CommonProblems.Absent();
        }

        var contracts = await db.QueryAsync<ContractRow>(
            """
            select c.code, v.version, v.applies_from, v.label, v.kind, v.service_included, v.uses_per_person, v.uses_per_family, v.waiting_days,
              v.valid_from, v.valid_to, v.pricing, v.price_cents
            from contract c
            join contract_version v on v.insurer_id = c.insurer_id and v.number = c.number
            where c.insurer_id = @insurerId
            order by c.code, v.version desc
            """, new { insurerId });
        http.Response.Headers.ETag = Etags.Of(insurer.Version);
        return TypedResults.Ok(new InsurerFile(insurer.Description(), [.. contracts.Select(c => c.Description())]));
    }

    private sealed record InsurerRow(
        Guid Id, string AmcNumber, int Version, string Name, string Kind, string InvoiceName, string InvoiceStreet, string InvoicePostCode, string InvoiceCity)
    {
        public SaveInsurer.InsurerDescription Description() =>
            new(Id, AmcNumber, Version, new(Name, Kind, new(InvoiceName, InvoiceStreet, InvoicePostCode, InvoiceCity)));
    }

    private sealed record ContractRow(
        string Code, int Version, DateOnly AppliesFrom, string Label, string Kind, bool ServiceIncluded, int? UsesPerPerson, int? UsesPerFamily,
        int WaitingDays, DateOnly ValidFrom, DateOnly? ValidTo, string Pricing, long PriceCents)
    {
        public SaveContract.ContractDescription Description() => new(
            Code, Version, new(AppliesFrom, Label, Kind, ServiceIncluded, UsesPerPerson, UsesPerFamily, WaitingDays, ValidFrom, ValidTo, Pricing, PriceCents),
            Money.FromCents(PriceCents));
    }
}
