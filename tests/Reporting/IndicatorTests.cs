using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Physician;

namespace SecondOpinion.Tests.Reporting;

public sealed class IndicatorTests : IAsyncLifetime
{
    private readonly ReportingFixture _reporting = new();

    public ValueTask InitializeAsync() => _reporting.InitializeAsync();

    public ValueTask DisposeAsync() => _reporting.DisposeAsync();

    [Fact]
    public async Task Before_the_first_event_there_is_nothing_to_divide_by_and_no_error()
    {
        var empty = await _reporting.Indicators();
        empty.GetProperty("casesByState").GetProperty("total").GetInt64().ShouldBe(0);
        empty.GetProperty("convergence").GetProperty("rate").ValueKind.ShouldBe(JsonValueKind.Null);
        empty.GetProperty("completionToDelivery").GetProperty("medianHours").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task One_case_moves_every_indicator()
    {
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7())]);
        var i = await _reporting.Indicators();
        State(i, "delivered").ShouldBe(1);
        i.GetProperty("opinionsDelivered").GetProperty("opinions").GetInt64().ShouldBe(1);
        i.GetProperty("submissionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(73);
        i.GetProperty("completionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(60);
        i.GetProperty("completionToDelivery").GetProperty("p90Hours").GetDouble().ShouldBe(60);
        i.GetProperty("withinSevenDays").GetProperty("rate").GetDouble().ShouldBe(1);
        i.GetProperty("convergence").GetProperty("rate").GetDouble().ShouldBe(1);
        i.GetProperty("convergence").GetProperty("notice").GetProperty("en").GetString()!.ShouldContain("not a target");
        i.GetProperty("convergence").GetProperty("notice").GetProperty("fr").GetString()!.ShouldContain("n'est pas un objectif");
        Departments(i).ShouldBe([("18", 1)]);
    }

    [Fact]
    public async Task Any_order_and_any_number_of_deliveries_give_the_same_facts()
    {
        var random = new Random(20260302);
        var expected = "";
        for (var round = 0; round < 8; round++)
        {
            var caseId = Guid.CreateVersion7();
            var story = Story.Delivered(caseId).Select(e => (e, Guid.CreateVersion7())).ToList();
            var deliveries = round == 0 ? story : [.. story.Concat(story).Concat(story).OrderBy(_ => random.Next())];
            await _reporting.Publish(deliveries);
            var facts = await Facts(caseId);
            expected = round == 0 ? facts : expected;
            facts.ShouldBe(expected, $"round {round}");
        }

        (await _reporting.Indicators()).GetProperty("opinionsDelivered").GetProperty("opinions").GetInt64().ShouldBe(8);
    }

    [Fact]
    public async Task A_late_move_never_undoes_a_later_one()
    {
        var caseId = Guid.CreateVersion7();
        await _reporting.Publish(new CaseStateChanged { CaseId = caseId, Sequence = 3, From = "complete", To = "offered", ChangedAt = Story.Monday });
        await _reporting.Publish(new CaseStateChanged
        {
            CaseId = caseId,
            Sequence = 2,
            From = "submitted",
            To = "complete",
            ChangedAt = Story.Monday.AddDays(1),
        });
        var i = await _reporting.Indicators();
        State(i, "offered").ShouldBe(1);
        State(i, "complete").ShouldBe(0);
    }

    [Fact]
    public async Task A_corrected_opinion_counts_once_with_its_latest_outcome_and_its_first_delivery()
    {
        var caseId = Guid.CreateVersion7();
        await _reporting.Publish([.. Story.Delivered(caseId)]);
        var opinion = Guid.CreateVersion7();
        await _reporting.Publish(
            new OpinionOutcomeRecorded
            {
                OpinionId = opinion,
                CaseId = caseId,
                Version = 2,
                PathologyCode = "endometriose",
                Diagnosis = "confirmed",
                Treatment = "changed",
                Impact = "major",
                RecordedAt = Story.Monday.AddDays(9),
            },
            new OpinionDelivered
            {
                OpinionId = opinion,
                CaseId = caseId,
                PhysicianId = Guid.CreateVersion7(),
                Version = 2,
                DeliveredAt = Story.Monday.AddDays(9),
            });
        var i = await _reporting.Indicators();
        i.GetProperty("opinionsDelivered").GetProperty("opinions").GetInt64().ShouldBe(1);
        i.GetProperty("convergence").GetProperty("opinions").GetInt64().ShouldBe(1);
        i.GetProperty("convergence").GetProperty("rate").GetDouble().ShouldBe(0);
        i.GetProperty("completionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(60);
    }

    [Fact]
    public async Task Overlapping_waits_stop_the_clock_once_and_an_open_one_ends_at_delivery()
    {
        var caseId = Guid.CreateVersion7();
        var (first, second, never) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var complete = Story.Monday;
        await _reporting.Publish(
            new CaseCompleted
            {
                CaseId = caseId,
                PathologyCode = "x",
                SpecialtyCode = "SM20",
                TreatingEstablishment = null,
                SubmittedAt = complete,
                CompletedAt = complete,
                DueAt = complete.AddDays(7),
            },
            Asked(first, 10), Provided(first, 20), Asked(second, 15), Provided(second, 30), Asked(never, 90),
            new OpinionDelivered
            {
                OpinionId = Guid.CreateVersion7(),
                CaseId = caseId,
                PhysicianId = Guid.CreateVersion7(),
                Version = 1,
                DeliveredAt = complete.AddHours(100),
            });
        (await _reporting.Indicators()).GetProperty("completionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(100 - 20 - 10);

        InformationRequested Asked(Guid id, int hours) =>
            new() { RequestId = id, CaseId = caseId, PhysicianId = Guid.CreateVersion7(), RequestedAt = complete.AddHours(hours) };
        InformationProvided Provided(Guid id, int hours) =>
            new() { RequestId = id, CaseId = caseId, PhysicianId = Guid.CreateVersion7(), DueAt = complete.AddDays(8), ProvidedAt = complete.AddHours(hours) };
    }

    [Fact]
    public async Task Median_p90_and_shares_of_many_cases_are_those_of_their_definitions()
    {
        // Ten cases delivered after 10, 20 … 100 hours.
        string?[] departments = ["18", "27", "28", "45", "60", "03", "04", "05", "75", null];
        var events = new List<object>();
        for (var n = 0; n < 10; n++)
        {
            var caseId = Guid.CreateVersion7();
            events.Add(new CaseOpened
            {
                CaseId = caseId,
                PathologyCode = "x",
                InsurerId = null,
                Coverage = "covered",
                RequestedBy = "patient",
                DepartmentCode = departments[n],
                OpenedAt = Story.Monday.AddDays(n),
            });
            events.Add(new CaseCompleted
            {
                CaseId = caseId,
                PathologyCode = "x",
                SpecialtyCode = "SM20",
                TreatingEstablishment = null,
                SubmittedAt = Story.Monday,
                CompletedAt = Story.Monday,
                DueAt = Story.Monday.AddDays(7),
            });
            events.Add(new OpinionDelivered
            {
                OpinionId = Guid.CreateVersion7(),
                CaseId = caseId,
                PhysicianId = Guid.CreateVersion7(),
                Version = 1,
                DeliveredAt = Story.Monday.AddHours(10 * (n + 1)),
            });
        }

        await _reporting.Publish([.. events]);
        var i = await _reporting.Indicators();
        i.GetProperty("completionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(55);
        i.GetProperty("completionToDelivery").GetProperty("p90Hours").GetDouble().ShouldBe(91);
        Departments(i).Count.ShouldBe(10);

        var firstThree = await _reporting.Indicators("?openedFrom=2026-03-02&openedTo=2026-03-04");
        firstThree.GetProperty("casesByState").GetProperty("total").GetInt64().ShouldBe(3);
        firstThree.GetProperty("completionToDelivery").GetProperty("medianHours").GetDouble().ShouldBe(20);
    }

    [Theory]
    [InlineData("confirmed", "confirmed", 1)]
    [InlineData("clarified", "confirmed", 1)]
    [InlineData("clarified", "clarified", 1)]
    [InlineData("changed", "confirmed", 0)]
    [InlineData("confirmed", "changed", 0)]
    public async Task What_is_clarified_converges_as_the_physicians_page_says(string diagnosis, string treatment, int rate)
    {
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7(), diagnosis: diagnosis, treatment: treatment)]);

        var convergence = (await _reporting.Indicators()).GetProperty("convergence");

        convergence.GetProperty("rate").GetDouble().ShouldBe(rate);
        convergence.GetProperty("definition").GetProperty("version").GetInt32().ShouldBe(ConvergenceDefinition.Version);
        ConvergenceDefinition.Holds(diagnosis, treatment).ShouldBe(rate == 1);
    }

    [Fact]
    public async Task A_case_that_is_overdue_counts_as_late_before_it_ends_unless_it_waited_for_the_patient()
    {
        var now = TimeProvider.System.GetUtcNow();
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7())]);
        await _reporting.Publish(
            Completed(Guid.CreateVersion7(), now.AddDays(-8)), Completed(Guid.CreateVersion7(), now.AddDays(-6)));
        var (waited, withdrawn) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _reporting.Publish(
            Completed(waited, now.AddDays(-9)),
            new InformationRequested { RequestId = Guid.CreateVersion7(), CaseId = waited, PhysicianId = Guid.CreateVersion7(), RequestedAt = now.AddDays(-5) },
            Completed(withdrawn, now.AddDays(-20)),
            new CaseWithdrawn { CaseId = withdrawn, WithdrawnAt = now.AddDays(-1) });

        var rate = (await _reporting.Indicators()).GetProperty("withinSevenDays");

        (rate.GetProperty("cases").GetInt64(), rate.GetProperty("of").GetInt64(), rate.GetProperty("rate").GetDouble()).ShouldBe((1, 2, 0.5));

        static CaseCompleted Completed(Guid caseId, DateTimeOffset at) => new()
        {
            CaseId = caseId,
            PathologyCode = "x",
            SpecialtyCode = "SM20",
            TreatingEstablishment = null,
            SubmittedAt = at,
            CompletedAt = at,
            DueAt = at.AddDays(7),
        };
    }

    [Fact]
    public async Task Nothing_new_is_a_304_and_a_new_event_is_not()
    {
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7())]);
        var tag = (await _reporting.Ops.GetAsync("/api/v1/reports/indicators")).Headers.ETag!;
        tag.IsWeak.ShouldBeFalse();
        (await Conditional(tag)).ShouldBe(HttpStatusCode.NotModified);
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7())]);
        (await Conditional(tag)).ShouldBe(HttpStatusCode.OK);

        async Task<HttpStatusCode> Conditional(EntityTagHeaderValue known)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/reports/indicators");
            request.Headers.IfNoneMatch.Add(known);
            return (await _reporting.Ops.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A_period_that_ends_before_it_begins_is_refused()
    {
        var answer = await _reporting.Ops.GetAsync("/api/v1/reports/indicators?openedFrom=2026-03-05&openedTo=2026-03-04");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("REP-0001");
        (await _reporting.Ops.GetAsync("/api/v1/reports/indicators?openedFrom=yesterday")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<string> Facts(Guid caseId)
    {
        await using var db = await _reporting.Service.Data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<string>(
            """
            select concat_ws(' ',
              (select (to_jsonb(c) - 'case_id' - 'insurer_id')::text from case_fact c where case_id = @caseId),
              (select string_agg(sequence || from_state || to_state || changed_at, ',' order by sequence) from state_change_fact where case_id = @caseId),
              (select string_agg((to_jsonb(o) - 'case_id' - 'offer_id')::text, ',') from offer_fact o where case_id = @caseId),
              (select string_agg((to_jsonb(w) - 'case_id' - 'request_id')::text, ',') from information_wait_fact w where case_id = @caseId))
            """,
            new { caseId }) ?? "";
    }

    private static long State(JsonElement indicators, string state) => indicators.GetProperty("casesByState").GetProperty("states").EnumerateArray()
        .Where(s => s.GetProperty("state").GetString() == state).Sum(s => s.GetProperty("cases").GetInt64());

    private static IReadOnlyList<(string? Department, long Cases)> Departments(JsonElement indicators) =>
        [.. indicators.GetProperty("departmentClasses").GetProperty("departments").EnumerateArray()
            .Select(d => (d.GetProperty("department").GetString(), d.GetProperty("cases").GetInt64()))];
}
