using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Gateway.RateLimits;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class RateLimitTests : IAsyncLifetime
{
    private readonly SetClock _clock = new();
    private GatewayUnderTest _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayUnderTest.Start(
        new() { ["RateLimits:Partner:Permits"] = "3", ["RateLimits:Anonymous:Permits"] = "2", ["RateLimits:Partner:WindowSeconds"] = "60" },
        services => services.AddSingleton<TimeProvider>(_clock));

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Each_answer_says_what_is_left_and_the_one_too_many_is_a_429()
    {
        var insurer = Guid.CreateVersion7();
        var http = _gateway.Http(TestTokens.Partner(insurer));
        for (var left = 2; left >= 0; left--)
        {
            var answer = await http.GetAsync("/api/v1/coverage");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            answer.Header("RateLimit-Policy").ShouldBe("\"partner\";q=3;w=60");
            answer.Header("RateLimit").ShouldBe($"\"partner\";r={left};t=60");
        }

        _clock.Advance(TimeSpan.FromSeconds(20));
        var refused = await http.GetAsync("/api/v1/coverage");
        var problem = await refused.Problem(429, "REQ-0009");
        refused.Header("Retry-After").ShouldBe("40");
        refused.Header("RateLimit").ShouldBe("\"partner\";r=0;t=40");
        problem.GetProperty("violatedPolicies")[0].GetString().ShouldBe("partner");
        _gateway["billing"].Requests.ShouldBe(3);

        _clock.Advance(TimeSpan.FromSeconds(40));
        (await http.GetAsync("/api/v1/coverage")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task One_insurers_tokens_share_a_quota_and_no_other_insurer_pays_for_it()
    {
        var insurer = Guid.CreateVersion7();
        foreach (var subject in (string[])["batch", "portal", "test"])
        {
            var token = TestTokens.Create(Roles.Partner, subject, ("insurer_id", insurer.ToString()));
            (await _gateway.Http(token).GetAsync("/api/v1/coverage")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        (await _gateway.Http(TestTokens.Partner(insurer)).GetAsync("/api/v1/coverage")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        var other = await _gateway.Http(TestTokens.Partner(Guid.CreateVersion7())).GetAsync("/api/v1/coverage");
        other.Header("RateLimit").ShouldBe("\"partner\";r=2;t=60");
    }

    [Fact]
    public async Task Refused_attempts_count_and_probes_do_not()
    {
        var anonymous = _gateway.Http();
        for (var i = 0; i < 5; i++)
        {
            (await anonymous.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        (await anonymous.GetAsync("/api/v1/ledger")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _gateway.Http("not a token").GetAsync("/api/v1/ledger")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var refused = await anonymous.GetAsync("/api/v1/ledger");
        await refused.Problem(429, "REQ-0009");
        refused.Header("RateLimit-Policy").ShouldBe("\"anonymous\";q=2;w=60");
    }

    [Fact]
    public void A_window_never_grants_more_than_its_quota_and_never_less_when_asked_for()
    {
        var steps = Gen.Choose(0, 30).ListOf().ToArbitrary();
        Prop.ForAll(steps, seconds =>
        {
            var clock = new SetClock();
            using var limiter = new FixedWindow(5, TimeSpan.FromSeconds(60), clock);
            var windowStart = 0;
            var now = 0;
            var granted = 0;
            foreach (var step in seconds)
            {
                now += step;
                clock.Advance(TimeSpan.FromSeconds(step));
                if (now - windowStart >= 60)
                {
                    (windowStart, granted) = (now, 0);
                }

                using var lease = limiter.AttemptAcquire();
                lease.IsAcquired.ShouldBe(granted < 5);
                granted += lease.IsAcquired ? 1 : 0;
                lease.TryGetMetadata(FixedWindow.Remaining, out var remaining).ShouldBeTrue();
                remaining.ShouldBe(5 - granted);
                lease.TryGetMetadata(FixedWindow.Reset, out var reset).ShouldBeTrue();
                reset.ShouldBe(TimeSpan.FromSeconds(60 - (now - windowStart)));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Many_at_once_get_exactly_the_quota()
    {
        var http = _gateway.Http(TestTokens.Partner(Guid.CreateVersion7()));
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => http.GetAsync("/api/v1/coverage")));
        answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBe(3);
        answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests).ShouldBe(37);
    }

    [Fact]
    public async Task A_quota_of_zero_stops_the_start()
    {
        var failure = await Should.ThrowAsync<Exception>(() => GatewayUnderTest.Start(new() { ["RateLimits:User:Permits"] = "0" }));
        failure.ToString().ShouldContain("RateLimits");
    }
}
