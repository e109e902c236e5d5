using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Insurers;

/// <summary>Writes a contract's next version: what it promises from a day on. What was promised before that day stays.</summary>
internal static class SaveContract
{
    private static readonly string[] Kinds = ["sante", "prevoyance"];

    private static IReadOnlyList<string> Pricings => Words.All<Pricing>();

    /// <summary>What a contract promises from a day on.</summary>
    /// <param name="AppliesFrom">First day of service that this version governs.</param>
    /// <param name="Label">Name of the contract as members know it; at most 200 characters.</param>
    /// <param name="Kind"><c>sante</c> or <c>prevoyance</c>.</param>
    /// <param name="ServiceIncluded">The second opinion is part of the contract.</param>
    /// <param name="UsesPerPerson">Uses in a calendar year for one beneficiary; null when not limited.</param>
    /// <param name="UsesPerFamily">The same for all who share a member number.</param>
    /// <param name="WaitingDays">Days after entry before the first use.</param>
    /// <param name="ValidFrom">First day on which the contract covers anybody.</param>
    /// <param name="ValidTo">Last day; null when open.</param>
    /// <param name="Pricing"><c>per_opinion</c> or <c>per_member_per_month</c>.</param>
    /// <param name="PriceCents">Whole cents, per opinion or per member and month.</param>
    internal sealed record ContractTermsRequest(
        DateOnly AppliesFrom,
        [property: Length(1, MaxLabel)] string Label,
        [property: Codes(typeof(SaveContract), nameof(Kinds))] string Kind,
        bool ServiceIncluded,
        [property: Range(1, MaxUses)] int? UsesPerPerson,
        [property: Range(1, MaxUses)] int? UsesPerFamily,
        [property: Range(0, MaxWaitingDays)] int WaitingDays,
        DateOnly ValidFrom,
        DateOnly? ValidTo,
        [property: Codes(typeof(SaveContract), nameof(Pricings))] string Pricing,
        [property: Range(0, MaxPriceCents)] long PriceCents);

    private const int MaxLabel = 200;
    private const int MaxUses = 100;
    private const int MaxWaitingDays = 3650;
    private const int MaxPriceCents = 10_000_00;

    /// <summary>One version of a contract.</summary>
    /// <param name="Code">As roster lines name it: 32 capital letters, digits, - and _ at most.</param>
    /// <param name="Version">Counts the contract's versions from 1; for If-Match.</param>
    /// <param name="Terms">What this version promises.</param>
    /// <param name="Price">Per opinion, or per member and month, as the terms say.</param>
    internal sealed record ContractDescription(string Code, int Version, ContractTermsRequest Terms, Money Price);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/insurers/{insurerId:guid}/contracts/{code}", Handle)
        .AllowRoles(Roles.Ops)
        .RequiresIfMatch()
        .WithName("SaveContract")
        .WithSummary("Adds a contract, or the next version of one")
        .WithDescription("A new code needs `If-Match: \"v0\"`; an existing one the version that was read. Roster lines name the code.");

    /// <summary>Also used by the sample data.</summary>
    /// <returns>The number and version that the contract has now.</returns>
    public static async Task<(short Number, int Version)> Write(
        NpgsqlConnection db, Guid insurerId, string code, ContractTermsRequest terms, string by, DateTimeOffset now)
    {
        var (number, version) = await db.QuerySingleAsync<(short, int)>(
            """
            insert into contract (insurer_id, number, code, version)
            values (@insurerId, (select coalesce(max(number), 0) + 1 from contract where insurer_id = @insurerId), @code, 1)
            on conflict (insurer_id, code) do update set version = contract.version + 1
            returning number, version
            """,
            new { insurerId, code });
        await db.ExecuteAsync(
            """
            insert into contract_version (insurer_id, number, version, applies_from, label, kind, service_included, uses_per_person, uses_per_family,
              waiting_days, valid_from, valid_to, pricing, price_cents, changed_by, changed_at)
            values (@insurerId, @number, @version, @AppliesFrom, @Label, @Kind, @ServiceIncluded, @UsesPerPerson, @UsesPerFamily,
              @WaitingDays, @ValidFrom, @ValidTo, @Pricing, @PriceCents, @by, @now)
            """,
            new
            {
                insurerId,
                number,
                version,
                terms.AppliesFrom,
                terms.Label,
                terms.Kind,
                terms.ServiceIncluded,
                terms.UsesPerPerson,
                terms.UsesPerFamily,
                terms.WaitingDays,
                terms.ValidFrom,
                terms.ValidTo,
                terms.Pricing,
                terms.PriceCents,
                by,
                now,
            });
        return (number, version);
    }

    /// <param name="insurerId">The insurer.</param>
    /// <param name="code">As roster lines name it: at most 32 letters, digits, - and _; case does not matter.</param>
    private static async Task<Results<Ok<ContractDescription>, Created<ContractDescription>, Problem>> Handle(
        Guid insurerId, string code, ContractTermsRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = Faults(code, request);
        if (faults.Count > 0)
        {
            return CommonProblems.Invalid([.. faults]);
        }

        code = code.ToUpperInvariant();
        return await dataSource.InTransaction<Results<Ok<ContractDescription>, Created<ContractDescription>, Problem>>(async db =>
        {
            // The insurer's row orders the writers of its contracts.
            if (await db.ExecuteScalarAsync<Guid?>("select id from insurer where id = @insurerId for update", new { insurerId }) is null)
            {
                return CommonProblems.Absent();
            }

            var current = await db.ExecuteScalarAsync<int?>("select version from contract where insurer_id = @insurerId and code = @code",
                new { insurerId, code });
            if (Etags.Mismatch(http.Request, current ?? 0) is { } mismatch)
            {
                return mismatch;
            }

            var (_, version) = await Write(db, insurerId, code, request, user.Subject(), time.GetUtcNow());
            await InsurerDirectory.Changed(db);
            http.Response.Headers.ETag = Etags.Of(version);
            var description = new ContractDescription(code, version, request, Money.FromCents(request.PriceCents));
            return current is null ? TypedResults.Created($"/api/v1/insurers/{insurerId}", description) : TypedResults.Ok(description);
        });
    }

    private static List<FieldError> Faults(string code, ContractTermsRequest terms)
    {
        var faults = new List<FieldError>();
        void When(bool wrong, string field, string sentence, IReadOnlyList<string>? allowed = null)
        {
            if (wrong)
            {
                faults.Add(new($"#/{field}", "out_of_range", sentence, allowed));
            }
        }

        When(code.Length > 32 || !code.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'), "code",
            "Le code d'un contrat a 32 caractères au plus : lettres, chiffres, - et _.");
        When(string.IsNullOrWhiteSpace(terms.Label) || terms.Label.Length > MaxLabel, "label", $"Indiquez un libellé ({MaxLabel} caractères au plus).");
        When(!Kinds.Contains(terms.Kind), "kind", "La nature du contrat est santé ou prévoyance.", Kinds);
        When(!Words.TryRead<Pricing>(terms.Pricing, out _), "pricing", "Le prix est par avis, ou par adhérent et par mois.", Pricings);
        When(terms.PriceCents is < 0 or > MaxPriceCents, "priceCents", "Le prix va de 0 à 10 000 €, en centimes.");
        When(terms.UsesPerPerson is < 1 or > MaxUses, "usesPerPerson", "Le nombre par personne va de 1 à 100, ou reste vide.");
        When(terms.UsesPerFamily is < 1 or > MaxUses, "usesPerFamily", "Le nombre par famille va de 1 à 100, ou reste vide.");
        When(terms.WaitingDays is < 0 or > MaxWaitingDays, "waitingDays", "Le délai d'attente va de 0 à 3650 jours.");
        When(terms.ValidTo < terms.ValidFrom, "validTo", "La fin ne précède pas le début.");
        return faults;
    }
}
