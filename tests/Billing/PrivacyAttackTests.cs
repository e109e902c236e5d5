using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>An insurer, or a family, tries to learn who asked for an opinion.</summary>
public sealed class PrivacyAttackTests : IAsyncLifetime
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 2, 9, 0, 0, TimeSpan.Zero));
    private readonly BillingFixture _billing = new();

    public ValueTask InitializeAsync()
    {
        _billing.Configure = services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time));
        return _billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _billing.DisposeAsync();

    /// <summary>
    /// The attack: a contract of nine people (`CONFORT`) beside a large one, polled every day by its insurer, which also asks about each of the nine, for this
    /// year and the last one, and injects questions so that a count stands just before a step. Twice: once nobody uses the service, once one of the nine does
    /// everything.
    /// </summary>
    [Fact]
    public async Task A_contract_of_nine_people_polled_daily_with_injected_checks_tells_nothing_of_their_use()
    {
        await _billing.Import(BillingFixture.InsurerId, BillingFixture.Header
            + string.Concat(Enumerable.Range(1, 9).Select(i => $"N{i};1980-01-02;1;A;;CONFORT;2022-01-01;\n"))
            + string.Concat(Enumerable.Range(1, 40).Select(i => $"L{i};1980-01-02;1;A;;OPEN;2022-01-01;\n")));
        var quiet = await Watch(used: false);
        _time.Advance(TimeSpan.FromDays(28));
        var busy = await Watch(used: true);
        busy.ShouldBe(quiet, "what the insurer sees is the same whether one of the nine used the service or not");
    }

    [Fact]
    public async Task Another_of_the_family_sees_no_difference_until_the_common_limit_is_reached()
    {
        await _billing.Import(BillingFixture.InsurerId, BillingFixture.Header
            + "F;1980-01-02;1;A;;CONFORT;2022-01-01;\nF;1982-03-04;1;C;;CONFORT;2022-01-01;\n"
            + string.Concat(Enumerable.Range(1, 9).Select(i => $"N{i};1980-01-02;1;A;;CONFORT;2022-01-01;\n")));
        var before = await Asked(TestTokens.Patient(Guid.CreateVersion7()), "F", "1982-03-04");
        (await Reserve("F", Guid.CreateVersion7())).Reserved.ShouldBeTrue();
        (await Reserve("F", Guid.CreateVersion7())).Reserved.ShouldBeTrue();
        (await Asked(TestTokens.Patient(Guid.CreateVersion7()), "F", "1982-03-04")).ShouldBe(before);
        before.ShouldContain("\"remainingUses\":2");
    }

    /// <returns>Everything that the insurer was told in fourteen days, without the days themselves.</returns>
    private async Task<string> Watch(bool used)
    {
        var partner = TestTokens.Partner(BillingFixture.InsurerId);
        var seen = new List<string>();
        for (var day = 0; day < 14; day++)
        {
            // Injected: ten questions a day put a count of questions just below the next step.
            for (var i = 0; i < 10; i++)
            {
                await Asked(partner, $"N{1 + i % 9}", "1980-01-02");
            }

            if (used && day is 3 or 5)
            {
                var caseId = Guid.CreateVersion7();
                await _billing.Client.CheckAsync(BillingFixture.Person("N4"), deadline: BillingFixture.Soon);
                (await Reserve("N4", caseId)).Reserved.ShouldBe(used);
                await _billing.Service.Broker.Publish(new OpinionDelivered
                {
                    OpinionId = Guid.CreateVersion7(),
                    CaseId = caseId,
                    PhysicianId = Guid.CreateVersion7(),
                    Version = 1,
                    DeliveredAt = _time.GetUtcNow(),
                });
                await Eventually.True(
                    async () =>
                        await _billing.Scalar<bool>(
                            "select exists (select from delivered_opinion where case_id = @caseId and booked_at is not null)", new { caseId }), "booked");
            }

            for (var i = 1; i <= 9; i++)
            {
                seen.Add(await Asked(partner, $"N{i}", "1980-01-02"));
                seen.Add(await Asked(partner, $"N{i}", "1980-01-02", _time.GetUtcNow().AddYears(-1)));
            }

            _time.Advance(TimeSpan.FromDays(1));
            seen.Add(await Activity(partner));
        }

        return string.Join('\n', seen);
    }

    private async Task<string> Activity(string token)
    {
        var http = _billing.Service.Http(token);
        var month = _time.GetUtcNow().ToString("yyyy-MM", CultureInfo.InvariantCulture);
        var view = await http.GetFromJsonAsync<JsonElement>($"/api/v1/insurers/{BillingFixture.InsurerId}/activity?month={month}");
        return string.Join(' ', new[] { "members", "checks", "reservations", "opinions", "delay" }.Select(m => view.GetProperty(m).ToString()));
    }

    /// <summary>The answer, without what names the day: the guarantee's number, its end and the moment.</summary>
    private async Task<string> Asked(string token, string member, string birth, DateTimeOffset? day = null)
    {
        using var http = new HttpClient { BaseAddress = _billing.Service.HttpAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var answer = await http.PostAsJsonAsync("/api/v1/eligibility/check", new
        {
            amcNumber = BillingFixture.Amc,
            memberNumber = member,
            birthDate = birth,
            serviceDate = day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        });
        answer.EnsureSuccessStatusCode();
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return JsonSerializer.Serialize(body.EnumerateObject().Where(p => p.Name is not ("engagementNumber" or "engagementExpiresAt" or "askedAt"))
            .ToDictionary(p => p.Name, p => p.Value));
    }

    private async Task<ReserveReply> Reserve(string member, Guid caseId) =>
        await _billing.Client.ReserveAsync(
            new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person(member) }, deadline: BillingFixture.Soon);
}
