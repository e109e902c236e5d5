using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Contracts.Reporting;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Reporting;

public sealed class SurveyTests : IAsyncLifetime
{
    private readonly ReportingFixture _reporting = new();

    public ValueTask InitializeAsync() => _reporting.InitializeAsync();

    public ValueTask DisposeAsync() => _reporting.DisposeAsync();

    [Fact]
    public async Task Whoever_got_an_opinion_a_week_ago_is_asked_once_and_the_answer_is_counted_without_the_case()
    {
        var (old, young) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _reporting.Publish(Delivered(old, 8), Delivered(young, 6));

        var links = await Links("recommendation");
        links.Select(l => l.Case).ShouldBe([old]);
        (await Links("recommendation")).ShouldBeEmpty();

        (await Answer(links[0].Token, new { recommends = true, score = 9 })).ShouldBe(HttpStatusCode.NoContent);
        await Eventually.True(
            async () => await _reporting.Count("select count(*) from survey_answer_fact where recommends and score = 9") == 1, "it is counted");
        (await _reporting.Count("select coalesce(sum(people), 0) from survey_sent_fact")).ShouldBe(1);
        (await Answer(links[0].Token, new { recommends = false })).ShouldBe(HttpStatusCode.Gone);

        // Nothing that was kept of the answer names the case, the link or the day.
        (await _reporting.Count(
            """
            select count(*) from event_log
            where event like 'reporting.survey-%' and (case_id is not null or body::text like '%' || @id || '%' or body::text like '%' || @Token || '%')
            """,
            new { id = old.ToString(), links[0].Token })).ShouldBe(0);
        var told = _reporting.Service.Broker.Heard<SurveyAnswered>().Single();
        told.AnsweredIn.AddHours(2).Day.ShouldBe(1);
        (await _reporting.Count("select count(*) from survey_link")).ShouldBe(0);
    }

    [Fact]
    public async Task The_six_month_study_asks_only_those_whose_last_word_was_yes_and_nobody_erased()
    {
        var (yes, no, silent, back, erased) =
            (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var id in (Guid[])[yes, no, silent, back, erased])
        {
            await _reporting.Publish(Delivered(id, 200));
        }

        await _reporting.Publish(
            Consent(yes, true, 200), Consent(no, false, 200), Consent(back, true, 200), Consent(back, false, 100), Consent(erased, true, 200),
            new CaseErased { CaseId = erased, Reason = "patient", ErasedAt = TimeProvider.System.GetUtcNow().AddDays(-1) });

        (await Links("six_months")).Select(l => l.Case).ShouldBe([yes]);
    }

    [Fact]
    public async Task The_same_request_again_gets_the_same_links_and_another_survey_is_absent()
    {
        await _reporting.Publish(Delivered(Guid.CreateVersion7(), 8));
        var key = Guid.CreateVersion7().ToString();

        var first = await Ask("recommendation", key);
        var again = await Ask("recommendation", key);

        (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        (await Ask("happiness", key)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var patient = _reporting.Service.Http(TestTokens.Of(Roles.Patient));
        (await patient.PostAsync("/api/v1/reports/surveys/recommendation/links", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("AAAA", 5, "followed", HttpStatusCode.BadRequest)]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", 5, "followed", HttpStatusCode.BadRequest)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 11, "followed", HttpStatusCode.BadRequest)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 5, "well", HttpStatusCode.BadRequest)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 5, "followed", HttpStatusCode.Gone)]
    public async Task A_link_that_was_not_given_out_answers_nothing(string token, int score, string followed, HttpStatusCode status)
    {
        (await Answer(token, new { score, followed })).ShouldBe(status);
        (await _reporting.Count("select count(*) from survey_answer_fact")).ShouldBe(0);
    }

    [Fact]
    public async Task Of_many_who_use_one_link_at_the_same_moment_one_answers()
    {
        await _reporting.Publish(Delivered(Guid.CreateVersion7(), 8));
        var token = (await Links("recommendation")).Single().Token;

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Answer(token, new { recommends = true })));

        answers.Count(a => a == HttpStatusCode.NoContent).ShouldBe(1);
        answers.Count(a => a == HttpStatusCode.Gone).ShouldBe(7);
    }

    private Task<HttpResponseMessage> Ask(string survey, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/reports/surveys/{survey}/links");
        request.Headers.Add("Idempotency-Key", key);
        return _reporting.Ops.SendAsync(request);
    }

    private async Task<IReadOnlyList<(Guid Case, string Token)>> Links(string survey)
    {
        var answer = await Ask(survey, Guid.CreateVersion7().ToString());
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("links").EnumerateArray()
            .Select(l => (l.GetProperty("caseId").GetGuid(), l.GetProperty("token").GetString()!))];
    }

    private async Task<HttpStatusCode> Answer(string token, object answer)
    {
        var body = JsonSerializer.SerializeToNode(answer)!.AsObject();
        body["token"] = token;
        return (await _reporting.Service.Http().PostAsJsonAsync("/api/v1/surveys/answers", body)).StatusCode;
    }

    private static OpinionDelivered Delivered(Guid caseId, int daysAgo) => new()
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = caseId,
        PhysicianId = Guid.CreateVersion7(),
        Version = 1,
        DeliveredAt = TimeProvider.System.GetUtcNow().AddDays(-daysAgo),
    };

    private static ConsentChanged Consent(Guid caseId, bool granted, int daysAgo) => new()
    {
        CaseId = caseId,
        Purpose = "contact_after_six_months",
        Granted = granted,
        ChangedAt = TimeProvider.System.GetUtcNow().AddDays(-daysAgo),
    };
}
