using System.Net;
using Dapper;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>One key, one effect.</summary>
public sealed class IdempotencyTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    [Fact]
    public async Task Without_a_key_nothing_is_done()
    {
        using var answer = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).PostThing("keyless", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Code()).ShouldBe("REQ-0010");
        (await Things("keyless")).ShouldBe(0);
    }

    [Fact]
    public async Task The_same_request_again_gets_the_stored_answer_also_with_the_key_in_quotes()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var key = Guid.CreateVersion7().ToString();
        using var first = await client.PostThing("once", key);
        using var second = await client.PostThing("once", $"\"{key}\"");
        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        second.StatusCode.ShouldBe(HttpStatusCode.Created);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        second.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .ShouldBe(await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        (await Things("once")).ShouldBe(1);
    }

    [Fact]
    public async Task Another_body_under_the_same_key_is_refused()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var key = Guid.CreateVersion7().ToString();
        (await client.PostThing("first body", key)).Dispose();
        using var answer = await client.PostThing("second body", key);
        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await answer.Code()).ShouldBe("REQ-0011");
        (await Things("second body")).ShouldBe(0);
    }

    [Fact]
    public async Task Another_caller_may_use_the_same_key()
    {
        var key = Guid.CreateVersion7().ToString();
        using var one = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).PostThing("shared key", key);
        using var other = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).PostThing("shared key", key);
        other.Headers.Location.ShouldNotBe(one.Headers.Location);
        (await Things("shared key")).ShouldBe(2);
    }

    [Fact]
    public async Task Thirty_at_once_with_one_key_have_one_effect()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => client.PostThing("at once", key)));
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.Created || a.StatusCode == HttpStatusCode.Conflict && a.Headers.RetryAfter != null);
        answers.ShouldContain(a => a.StatusCode == HttpStatusCode.Created);
        (await Things("at once")).ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_leaves_nothing_behind_and_its_key_can_be_used_again()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var key = Guid.CreateVersion7().ToString();
        using var refused = await client.PostThing("refused after writing", key);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Things("refused after writing")).ShouldBe(0);
        using var mended = await client.PostThing("mended", key);
        mended.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_key_used_again_after_a_day_but_before_pruning_is_a_new_one()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        var key = Guid.CreateVersion7().ToString();
        (await client.PostThing("day one", key)).StatusCode.ShouldBe(HttpStatusCode.Created);
        await using (var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            await db.ExecuteAsync("update idempotency set created_at = created_at - interval '25 hours'");
        }

        using var second = await client.PostThing("day two", key);
        second.StatusCode.ShouldBe(HttpStatusCode.Created);
        using var replayed = await client.PostThing("day two", key);
        replayed.Headers.Location.ShouldBe(second.Headers.Location);
        (await Things("day two")).ShouldBe(1);
    }

    [Fact]
    public async Task A_key_of_300_characters_is_refused_before_the_body_is_read_and_before_any_effect()
    {
        var client = _probe.Http(TestTokens.Patient(Guid.CreateVersion7()));
        using var request =
            new HttpRequestMessage(HttpMethod.Post, "/api/v1/things")
            {
                Content = new StringContent("not even JSON", System.Text.Encoding.UTF8, "application/json"),
            };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", new string('k', 300));
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        (await answer.Code()).ShouldBe("REQ-0010");
    }

    private async Task<int> Things(string name)
    {
        await using var db = await _probe.Data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<int>("select count(*) from thing where name = @name", new { name });
    }
}
