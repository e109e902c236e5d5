using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>Nobody can probe who is insured: limits by client, and a trace of who asked.</summary>
public sealed class LimitTests : IAsyncLifetime
{
    private readonly BillingFixture _billing = new();

    public ValueTask InitializeAsync()
    {
        _billing.Settings["Eligibility:Limits:PatientPerMinute"] = "3";
        _billing.Settings["Eligibility:Limits:ServicePerSecond"] = "20";
        _billing.Settings["Eligibility:Limits:MissesPerHour"] = "2";
        return _billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _billing.DisposeAsync();

    [Fact]
    public async Task Each_client_may_ask_so_often_and_every_answer_leaves_a_trace()
    {
        var patientId = Guid.NewGuid();
        var patient = _billing.Service.Http(TestTokens.Patient(patientId));
        var answered = 0;
        HttpResponseMessage last;
        while ((last = await Ask(patient, "A1")).StatusCode == HttpStatusCode.OK)
        {
            (++answered).ShouldBeLessThan(50);
        }

        answered.ShouldBeGreaterThanOrEqualTo(3);
        last.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        last.Headers.RetryAfter.ShouldNotBeNull();
        (await last.Content.ReadFromJsonAsync<JsonElement>()).ToString().ShouldContain("BIL-0001");
        (await Ask(_billing.Service.Http(TestTokens.Patient(Guid.NewGuid())), "A1")).StatusCode
            .ShouldBe(HttpStatusCode.OK, "another client has a limit of its own");
        (await _billing.Scalar<int>("select count(*) from audit_record where action = 'check' and actor = @Actor", new { Actor = patientId.ToString() }))
            .ShouldBe(answered);
    }

    [Fact]
    public async Task Whoever_asks_about_too_many_unknown_people_gets_no_more_answers_about_known_ones_either()
    {
        var agent = _billing.Service.Http(TestTokens.Of(Roles.Agent));
        (await Ask(agent, "NOBODY1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Ask(agent, "A1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Ask(agent, "NOBODY2")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Ask(agent, "A1")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task A_service_has_a_limit_too_and_its_checks_are_counted_by_client_and_code()
    {
        var client = _billing.Client;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            try
            {
                return (await client.CheckAsync(BillingFixture.Person(), deadline: BillingFixture.Soon)).RefusalCode;
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
            {
                return refused.Trailers.GetValue("error-code");
            }
        }));
        outcomes.ShouldContain("BIL-0001");
        outcomes.ShouldAllBe(o => o == "" || o == "BIL-0001");
        var answered = outcomes.Count(o => o == "");
        answered.ShouldBeGreaterThanOrEqualTo(20);
        await Eventually.True(
            async () => await _billing.Scalar<long>(
                "select coalesce(sum(asked), 0)::bigint from check_count "
                + "where actor_role = 'service' and actor = 'intake' and code = ''") == answered,
            "every answer is counted for its client");
    }

    private static Task<HttpResponseMessage> Ask(HttpClient client, string member) => client.PostAsJsonAsync(
        "/api/v1/eligibility/check", new { amcNumber = BillingFixture.Amc, memberNumber = member, birthDate = "1980-01-02" });
}
