using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>The eligibility question over HTTP, for portals.</summary>
internal static class CheckEligibility
{
    /// <summary>Who asks to be covered: as on the tiers-payant card. A member number or the holder's NIR is needed.</summary>
    /// <param name="AmcNumber">Insurer's AMC number, 8 to 10 digits.</param>
    /// <param name="BirthDate">Of the beneficiary: 1989-04-17 or 17/04/1989.</param>
    /// <param name="MemberNumber">Member number with the insurer; or give the holder's NIR.</param>
    /// <param name="BirthRank">1, unless a twin.</param>
    /// <param name="HolderNir">Policy holder's social security number, with or without its key.</param>
    /// <param name="ServiceDate">Day for which cover is asked; today in Paris when left out.</param>
    internal sealed record EligibilityRequest(
        [property: Form("amc", "99000001")] string AmcNumber,
        [property: Form("typed-date", "1989-04-17")] string BirthDate,
        [property: Form("member-number", "MUT0012345")] string? MemberNumber = null,
        [property: Range(1, Question.MaxRank)] int? BirthRank = null,
        [property: Form("nir", "2 89 04 35 238 999 02")] string? HolderNir = null,
        [property: Form("typed-date", "2026-11-30")] string? ServiceDate = null);

    /// <summary>Always the same members: beyond its code, the answer about an unknown person is that about an excluded one.</summary>
    /// <param name="Recognised">The person is known to the insurer.</param>
    /// <param name="Covered">A contract of the person covers the service on that day.</param>
    /// <param name="ServiceIncluded">The second opinion is part of the contract.</param>
    /// <param name="CoveredFrom">First day; null when not covered.</param>
    /// <param name="CoveredTo">Last day; null when open, or not covered.</param>
    /// <param name="RemainingUses">Uses left this year of the person's own limit; -1 when there is none, 0 when not covered; null in an insurer's answers,
    /// which never depend on use.</param>
    /// <param name="RefusalCode">Stable; empty when covered.</param>
    /// <param name="RefusalText">A French sentence for the person; empty when covered.</param>
    /// <param name="EngagementNumber">The insurer's guarantee; empty when not covered.</param>
    /// <param name="EngagementExpiresAt">Null when not covered.</param>
    /// <param name="AskedAt">When the roster answered.</param>
    /// <param name="RosterVersion">Version of the insurer's roster that answered.</param>
    /// <param name="InsurerId">Null when the AMC number is no partner's.</param>
    /// <param name="InsurerName">Null when the AMC number is no partner's.</param>
    internal sealed record EligibilityAnswer(
        bool Recognised, bool Covered, bool ServiceIncluded, DateOnly? CoveredFrom, DateOnly? CoveredTo, int? RemainingUses, string RefusalCode,
        string RefusalText, string EngagementNumber, DateTimeOffset? EngagementExpiresAt, DateTimeOffset AskedAt, int RosterVersion,
        Guid? InsurerId, string? InsurerName);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/eligibility/check", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Partner)
        .Refuses(Problems.TooManyChecks, Problems.AccountBound, CommonProblems.NotFound)
        .WithName("CheckEligibility")
        .WithSummary("Is this person covered for a second opinion?")
        .WithDescription(
            "Changes nothing. Spaces, dots, case, accents and leading zeros do not matter. How often a client may ask is limited, and so are its questions "
            + "about people whom no insurer knows; a patient's account may ask about its own family and one other a year.");

    private static async Task<Results<Ok<EligibilityAnswer>, Problem>> Handle(
        EligibilityRequest request, ClaimsPrincipal user, EligibilityAnswers answers, CheckLimits limits, BoundAccounts accounts, CheckCounts counts,
            NpgsqlDataSource dataSource,
        TimeProvider time, HttpContext http)
    {
        var client = Client.Of(user);
        if (limits.Take(client) is { } tooOften)
        {
            return tooOften;
        }

        var raw = new RawQuestion(request.AmcNumber, request.MemberNumber, request.BirthDate, request.BirthRank, request.HolderNir, request.ServiceDate);
        if (!Question.TryParse(raw, FrenchTime.Day(time.GetUtcNow()), out var question, out var errors))
        {
            return CommonProblems.Invalid(errors);
        }

        var answer = await answers.Ask(question!, http.RequestAborted, countUses: client.Role != Roles.Partner);
        if (client.Role == Roles.Partner && answer.Insurer?.Id != user.InsurerId())
        {
            return CommonProblems.Absent();
        }

        if (!answer.Decision.Recognised)
        {
            limits.CountMiss(client);
        }

        // Whom it was about is not written: only that this client asked, of whom, and when.
        await dataSource.InTransaction(
            db => AuditTrail.Record(db, user, "check", "eligibility", answer.Insurer?.Id ?? Guid.Empty, "coverage"), http.RequestAborted);
        if (client.Role == Roles.Patient && await accounts.Refusal(user.PatientId(), question!, answer, http.RequestAborted) is { } others)
        {
            return others;
        }

        counts.Count(client, answer);
        http.Response.Headers.CacheControl = "no-store";
        var decision = answer.Decision;
        return TypedResults.Ok(new EligibilityAnswer(
            decision.Recognised, decision.Covered, decision.ServiceIncluded, decision.From, decision.To,
            client.Role == Roles.Partner ? null : decision.RemainingUses, decision.Code, Refusal.Text(decision.Code),
            answer.EngagementNumber, answer.EngagementExpiresAt, answer.AskedAt, answer.RosterVersion, answer.Insurer?.Id, answer.Insurer?.Name));
    }
}
