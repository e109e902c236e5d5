using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Reporting;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Reporting.Surveys;

/// <summary>
/// Gives out one-time links to those whose turn it is: seven days after the opinion for the recommendation, six months after it for the study, there only to
/// who agreed to be contacted. Nobody is asked twice. Which case got which link is said once, in the answer, to whoever sends the mail, and kept nowhere.
/// </summary>
internal static class GiveSurveyLinks
{
    private const int AtOnce = 500;
    private const int DaysToAnswer = 60;

    /// <summary>Whoever was forgotten longer than that is not asked any more.</summary>
    private const int DaysInTurn = 90;

    /// <summary>Links that were given out.</summary>
    /// <param name="Survey"><c>recommendation</c> or <c>six_months</c>.</param>
    /// <param name="ExpiresOn">Last day (Paris) on which they can be used.</param>
    /// <param name="Links">One a case, 500 at most: ask again for the next ones.</param>
    public sealed record SurveyLinks(string Survey, DateOnly ExpiresOn, IReadOnlyList<SurveyLink> Links);

    /// <summary>The link of one case.</summary>
    /// <param name="CaseId">The case, for the mail.</param>
    /// <param name="Token">Goes behind the <c>#</c> of the page's address, which no server logs; 43 characters.</param>
    public sealed record SurveyLink(Guid CaseId, string Token);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/surveys/{survey}/links", Handle)
        .AllowRoles(Roles.Ops)
        .WithName("GiveSurveyLinks")
        .WithSummary("Gives out one-time links to a survey")
        .WithDescription("For every case whose turn it is and that was not asked before, 500 at most. The answer is the only place that says which link is "
            + "whose.");

    /// <param name="survey"><c>recommendation</c> or <c>six_months</c>.</param>
    private static async Task<Results<Once<Ok<SurveyLinks>>, Problem>> Handle(
        string survey, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        if (Survey.Find(survey) is not { } known)
        {
            return CommonProblems.Absent();
        }

        return await Idempotent.Run<string, Ok<SurveyLinks>>(dataSource, http, survey, async db =>
        {
            var now = time.GetUtcNow();
            var cases = (await db.QueryAsync<Guid>(
                """
                insert into survey_asked (case_id, survey)
                select f.case_id, @Code
                from case_fact f
                where f.delivered_at <= @Youngest and f.delivered_at > @Oldest
                  and not exists (select from survey_asked a where a.case_id = f.case_id and a.survey = @Code)
                  and not exists (select from event_log e where e.case_id = f.case_id and e.event = 'intake.case-erased.v1')
                  and (not @NeedsConsent or (
                    select (e.body ->> 'granted')::boolean
                    from event_log e
                    where e.case_id = f.case_id and e.event = 'intake.consent-changed.v1' and e.body ->> 'purpose' = 'contact_after_six_months'
                    order by e.occurred_at desc, e.id desc
                    limit 1))
                order by f.delivered_at
                limit @AtOnce
                on conflict do nothing
                returning case_id
                """,
                new
                {
                    known.Code,
                    Youngest = now.AddDays(-known.DaysAfter),
                    Oldest = now.AddDays(-known.DaysAfter - DaysInTurn),
                    known.NeedsConsent,
                    AtOnce,
                })).AsList();
            var expiresOn = FrenchTime.Day(now).AddDays(DaysToAnswer);
            var links = cases.Select(id => new SurveyLink(id, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Survey.TokenBytes)))).ToList();
            await db.ExecuteAsync(
                "insert into survey_link (sha256, survey, expires_on) select h, @Code, @expiresOn from unnest(@Hashes) as h order by h",
                new { known.Code, expiresOn, Hashes = links.Select(link => Survey.Hash(link.Token)!).ToArray() });
            var sending = Guid.CreateVersion7();
            await AuditTrail.Record(db, user, "give", "survey_links", sending, "operations");
            if (links.Count > 0)
            {
                await Outbox.Publish(db, sending, new SurveySent { SendingId = sending, Survey = known.Code, People = links.Count, SentAt = now });
            }

            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new SurveyLinks(known.Code, expiresOn, links));
        });
    }
}
