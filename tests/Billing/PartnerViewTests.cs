using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Partners;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class PartnerViewTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 11, 10, 9, 0, 0, TimeSpan.Zero);
    private readonly ManualTime _time = new(Start);
    private readonly BillingFixture _billing = new();

    public ValueTask InitializeAsync()
    {
        _billing.Configure = services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time));
        return _billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _billing.DisposeAsync();

    [Fact]
    public async Task A_partner_sees_counts_in_steps_of_eleven_and_small_ones_as_fewer_than_eleven()
    {
        // 25 members with an open contract, 10 with another; 23 of the first reserve, 12 opinions come four days later.
        var roster = BillingFixture.Header
            + string.Concat(Enumerable.Range(1, 25).Select(i => $"P{i};1980-01-02;1;A;;OPEN;2022-01-01;\n"))
            + string.Concat(Enumerable.Range(1, 10).Select(i => $"Q{i};1980-01-02;1;A;;CONFORT;2022-01-01;\n"));
        await _billing.Import(BillingFixture.InsurerId, roster);
        var cases = new List<Guid>();
        for (var i = 1; i <= 23; i++)
        {
            await _billing.Client.CheckAsync(BillingFixture.Person($"P{i}"), deadline: BillingFixture.Soon);
            cases.Add(await Reserve($"P{i}"));
        }

        await Reserve("Q1");
        foreach (var caseId in cases.Take(12))
        {
            await _billing.Service.Broker.Publish(new OpinionDelivered
            {
                OpinionId = Guid.CreateVersion7(),
                CaseId = caseId,
                PhysicianId = Guid.CreateVersion7(),
                Version = 1,
                DeliveredAt = Start.AddDays(4),
            });
        }

        await Eventually.True(
            async () => await _billing.Scalar<int>("select count(*) from delivered_opinion where booked_at is not null") == 12, "the opinions are booked");
        await Eventually.True(
            async () => await _billing.Scalar<int>("select coalesce(sum(asked), 0) from check_count where code = ''") == 23, "the checks are counted");

        // On the day itself nothing of it is counted yet: figures end at the last midnight.
        Shown(await View(), "reservations", "OPEN").ShouldBe("<11");
        _time.Advance(TimeSpan.FromDays(5));
        var view = await View();
        Shown(view, "members", "OPEN").ShouldBe("22");
        Shown(view, "members", "CONFORT").ShouldBe("<11");
        view.GetProperty("members").GetProperty("total").GetString().ShouldBe("22", "a total adds what is shown");
        Shown(view, "checks", "OPEN").ShouldBe("22");
        Shown(view, "reservations", "OPEN").ShouldBe("22");
        Shown(view, "reservations", "CONFORT").ShouldBe("<11");
        Shown(view, "reservations", "WAIT").ShouldBe("<11", "none is not told from few");
        Shown(view, "opinions", "OPEN").ShouldBe("11");
        view.GetProperty("delay").GetProperty("averageDays").GetDouble().ShouldBe(4);
        view.GetProperty("delay").GetProperty("opinions").GetString().ShouldBe("11");

        (await View()).ToString().ShouldBe(view.ToString(), "asked twice");
        (await View("2026-10")).GetProperty("reservations").GetProperty("total").GetString().ShouldBe("<11");
    }

    [Fact]
    public async Task What_an_insurer_asks_itself_is_not_counted_in_its_month()
    {
        await _billing.Import(BillingFixture.InsurerId, BillingFixture.Header
            + string.Concat(Enumerable.Range(1, 25).Select(i => $"P{i};1980-01-02;1;A;;OPEN;2022-01-01;\n")));
        var partner = _billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));
        for (var i = 1; i <= 25; i++)
        {
            using var answer = await partner.PostAsJsonAsync(
                "/api/v1/eligibility/check", new { amcNumber = BillingFixture.Amc, memberNumber = $"P{i}", birthDate = "1980-01-02" });
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        for (var i = 1; i <= 12; i++)
        {
            await _billing.Client.CheckAsync(BillingFixture.Person($"P{i}"), deadline: BillingFixture.Soon);
        }

        await Eventually.True(async () => await _billing.Scalar<int>("select coalesce(sum(asked), 0) from check_count") == 37, "all checks are kept");
        _time.Advance(TimeSpan.FromDays(1));
        var view = await View();
        Shown(view, "checks", "OPEN").ShouldBe("11", "those of others alone");
        view.GetProperty("checks").GetProperty("total").GetString().ShouldBe("11");
    }

    [Fact]
    public async Task A_partner_sees_its_own_insurer_only()
    {
        var partner = _billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));
        (await partner.GetAsync($"/api/v1/insurers/{BillingFixture.MonthlyId}/activity")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await partner.GetAsync($"/api/v1/insurers/{BillingFixture.InsurerId}/activity?month=2027-01")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await partner.GetAsync("/api/v1/insurers")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public void A_hidden_count_has_no_influence_on_anything_that_is_shown()
    {
        var counts = Gen.Choose(0, 60).ArrayOf(4);
        var other = Gen.Choose(0, 10);
        Prop.ForAll(counts.ToArbitrary(), other.ToArbitrary(), (people, instead) =>
        {
            var shown = Written(people);
            for (var i = 0; i < people.Length; i++)
            {
                if (people[i] < SmallCounts.Smallest)
                {
                    var changed = (int[])people.Clone();
                    changed[i] = instead;
                    Written(changed).ShouldBe(shown);
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Whatever_is_asked_again_and_again_moves_by_eleven_people_or_not_at_all()
    {
        Prop.ForAll(Gen.Choose(0, 500).ToArbitrary(), Gen.Choose(0, 50).ToArbitrary(), (before, more) =>
        {
            var moved = SmallCounts.Usable(before + more) - SmallCounts.Usable(before);
            (moved % SmallCounts.Smallest).ShouldBe(0);
        }).QuickCheckThrowOnFailure();
    }

    private static string Written(int[] people)
    {
        var contracts = Enumerable.Range(1, people.Length).ToDictionary(i => (short)i, i => new Contract((short)i, $"C{i}", []));
        var insurer = new Insurer(Guid.Empty, "0000000000", [], "", null, contracts);
        var delays = people.SelectMany((n, c) => Enumerable.Repeat(((short)(c + 1), 3.0 + c), n)).ToList();
        return JsonSerializer.Serialize(new
        {
            Counts = ShowActivity.Counts(insurer, people.Select((n, c) => ((short)(c + 1), (long)n))),
            Delay = ShowActivity.Delay(delays),
        });
    }

    private async Task<JsonElement> View(string? month = null)
    {
        var partner = _billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));
        return await partner.GetFromJsonAsync<JsonElement>($"/api/v1/insurers/{BillingFixture.InsurerId}/activity?month={month ?? "2026-11"}");
    }

    private static string? Shown(JsonElement view, string measure, string contract) => view.GetProperty(measure).GetProperty("byContract").EnumerateArray()
        .Single(c => c.GetProperty("contractCode").GetString() == contract).GetProperty("people").GetString();

    private async Task<Guid> Reserve(string member)
    {
        var caseId = Guid.CreateVersion7();
        var reply =
            await _billing.Client.ReserveAsync(
                new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person(member) }, deadline: BillingFixture.Soon);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        return caseId;
    }
}
