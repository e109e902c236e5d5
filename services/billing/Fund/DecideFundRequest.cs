using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Fund;

/// <summary>
/// Decides a request to the solidarity fund: granted with the money held, or refused with the reason. Both are kept: what is refused is counted. The lock of
/// the budget's row makes a hundred requests at once share what is there, to the cent.
/// </summary>
internal static class DecideFundRequest
{
    public const string NoBudget = "no_budget";
    public const string SituationNotAdmitted = "situation_not_admitted";
    public const string GrantedBefore = "granted_before";
    public const string BudgetSpent = "budget_spent";

    private const string Columns = "id, state, refusal_code, code, cents, valid_until, decided_at";

    private static IReadOnlyList<string> Situations => Words.All<FundSituation>();

    /// <summary>A request, made with a patient at the phone or at the desk.</summary>
    /// <param name="PatientId">The patient's account.</param>
    /// <param name="Situation">Why no insurer pays: a code; never an illness.</param>
    /// <param name="Department">Département of residence, by its code.</param>
    /// <param name="ProofSeen">True: the proof of the situation was shown. Nothing of it is kept.</param>
    internal sealed record FundRequest(
        Guid PatientId,
        [property: Codes(typeof(DecideFundRequest), nameof(Situations))] string Situation,
        [property: RegularExpression("^" + Departments.Form + "$")] string Department,
        bool ProofSeen);

    /// <summary>What was decided.</summary>
    /// <param name="Id">The decision.</param>
    /// <param name="State"><c>granted</c>, then <c>reserved</c>, <c>spent</c>, <c>returned</c> or <c>expired</c>; or <c>refused</c>.</param>
    /// <param name="RefusalCode"><c>no_budget</c>, <c>situation_not_admitted</c>, <c>granted_before</c> or <c>budget_spent</c>; null when granted.</param>
    /// <param name="RefusalText">The same as a French sentence for the patient; null when granted.</param>
    /// <param name="AmcNumber">What the patient's case names as insurer; null when refused.</param>
    /// <param name="MemberNumber">What it names as member number, of use with the patient's own account only; null when refused.</param>
    /// <param name="Amount">What the fund pays; null when refused.</param>
    /// <param name="ValidUntil">Until when a case must be submitted with it; null when refused.</param>
    /// <param name="DecidedAt">When.</param>
    internal sealed record FundDecision(
        Guid Id, string State, string? RefusalCode, string? RefusalText, string? AmcNumber, string? MemberNumber, Money? Amount, DateTimeOffset? ValidUntil,
        DateTimeOffset DecidedAt);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/fund/decisions", Handle).AllowRoles(Roles.Agent, Roles.Ops)
            .WithName("DecideFundRequest").WithSummary("Asks the solidarity fund to pay a patient's opinion")
            .WithDescription(
                "When no insurer pays. Granted, the money is held, and the patient opens a case with `amcNumber` and `memberNumber` of the answer as its "
                + "coverage. Refused is an answer, too: it is kept and counted. One grant a patient and calendar year.");
        api.MapGet("/fund/decisions/{decisionId:guid}", Read).AllowRoles(Roles.Agent, Roles.Ops)
            .WithName("ReadFundDecision").WithSummary("What became of a request to the fund")
            .WithDescription("The money of a grant is held until a case uses it, is withdrawn, or its time is over.");
    }

    private static async Task<Results<Once<Created<FundDecision>>, Problem>> Handle(
        FundRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, AccountMarks accounts, FundOptions options, TimeProvider time)
    {
        var faults = Faults(request);
        return faults.Count > 0
            ? CommonProblems.Invalid([.. faults])
            : await Idempotent.Run<FundRequest, Created<FundDecision>>(dataSource, http, request, async db =>
            {
                var row = await Decide(db, request, user.Subject(), accounts, options, time.GetUtcNow());
                await AuditTrail.Record(db, user, "decide", "fund_decision", row.Id, "solidarity");
                return TypedResults.Created($"/api/v1/fund/decisions/{row.Id}", Of(row));
            });
    }

    /// <param name="decisionId">The decision.</param>
    private static async Task<Results<Ok<FundDecision>, Problem>> Read(
        Guid decisionId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource)
    {
        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        if (await db.QuerySingleOrDefaultAsync<Row>($"select {Columns} from fund_decision where id = @decisionId", new { decisionId }) is not { } row)
        {
            return CommonProblems.Absent();
        }

        await AuditTrail.Record(db, user, "read", "fund_decision", decisionId, "solidarity");
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(Of(row));
    }

    private static async Task<Row> Decide(
        NpgsqlConnection db, FundRequest request, string by, AccountMarks accounts, FundOptions options, DateTimeOffset now)
    {
        var year = (short)FrenchTime.Day(now).Year;
        // One patient's requests one after the other, whatever the budget.
        await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('fund:' || @PatientId::text, 0))", new { request.PatientId });
        var budget = await db.QuerySingleOrDefaultAsync<Budget>(
            """
            select class, situations, cents - held_cents - spent_cents as left_cents
            from fund_budget
            where year = @year and @Department = any(departments)
            for update
            """, new { year, request.Department });
        var before = await db.ExecuteScalarAsync<bool>(
            "select exists (select from fund_decision where year = @year and account = any(@Marks) and state in ('granted', 'reserved', 'spent'))",
            new { year, Marks = accounts.Of(AccountMarks.Fund, request.PatientId) });
        var refusal = Refusal(budget, request.Situation, before, options.PriceCents);
        if (refusal is null)
        {
            await db.ExecuteAsync(
                "update fund_budget set held_cents = held_cents + @PriceCents where year = @year and class = @Class",
                new { options.PriceCents, year, budget!.Class });
        }

        return await db.QuerySingleAsync<Row>(
            $"""
            insert into fund_decision (id, year, class, situation, state, refusal_code, code, account, cents, decided_by, decided_at, valid_until)
            values (@Id, @year, @Class, @Situation, @State, @refusal, @Code, @Account, @PriceCents, @by, @now, @ValidUntil)
            returning {Columns}
            """,
            new
            {
                Id = Guid.CreateVersion7(),
                year,
                budget?.Class,
                request.Situation,
                State = (Word<FundState>)(refusal is null ? FundState.Granted : FundState.Refused),
                refusal,
                Code = refusal is null ? AccountMarks.NewCode(FundNumbers.Prefix) : null,
                // Of whom it was refused to nothing is kept.
                Account = refusal is null ? accounts.Current(AccountMarks.Fund, request.PatientId) : null,
                options.PriceCents,
                by,
                now,
                ValidUntil = now.AddDays(options.GrantDays),
            });
    }

    /// <returns>Null when the fund pays.</returns>
    private static string? Refusal(Budget? budget, string situation, bool grantedBefore, long price) =>
        budget is null ? NoBudget
        : !budget.Situations.Contains(situation) ? SituationNotAdmitted
        : grantedBefore ? GrantedBefore
        : budget.LeftCents < price ? BudgetSpent
        : null;

    private static string? Text(string? code) => code switch
    {
        null => null,
        NoBudget => "Le fonds de solidarité n'a pas de budget pour ce département cette année.",
        SituationNotAdmitted => "Le fonds de solidarité n'intervient pas dans cette situation cette année.",
        GrantedBefore => "Le fonds de solidarité a déjà été accordé à cette personne cette année.",
        BudgetSpent => "Le budget du fonds de solidarité pour cette année est épuisé.",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "This refusal has no sentence."),
    };

    private static FundDecision Of(Row row) => new(
        row.Id, row.State.Text, row.RefusalCode, Text(row.RefusalCode), row.Code is null ? null : OtherPayers.Fund.Value,
        row.Code is { } code ? FundNumbers.Written(code) : null, row.Code is null ? null : Money.FromCents(row.Cents),
        row.Code is null ? null : row.ValidUntil, row.DecidedAt);

    private static List<FieldError> Faults(FundRequest request)
    {
        var faults = new List<FieldError>();
        if (request.PatientId == Guid.Empty)
        {
            faults.Add(new("#/patientId", "missing", "Indiquez le compte de la personne malade."));
        }

        if (!Words.TryRead<FundSituation>(request.Situation, out _))
        {
            faults.Add(new("#/situation", "unknown_code", "Choisissez une des situations proposées.", [.. Situations]));
        }

        if (!Departments.Are(request.Department))
        {
            faults.Add(new("#/department", "unknown_code", "Un département s'écrit par son code : 01 à 95, 2A, 2B, 971 à 989."));
        }

        if (!request.ProofSeen)
        {
            faults.Add(new("#/proofSeen", "must_be_true", "Le fonds paie quand le justificatif de la situation a été vu."));
        }

        return faults;
    }

    private sealed record Budget(string Class, string[] Situations, long LeftCents);

    private sealed record Row(
        Guid Id, Word<FundState> State, string? RefusalCode, string? Code, long Cents, DateTimeOffset ValidUntil, DateTimeOffset DecidedAt);
}
