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
        (await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe(await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
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

    private async Task<int> Things(string name)
    {
        await using var db = await _probe.Data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<int>("select count(*) from thing where name = @name", new { name });
    }
}
