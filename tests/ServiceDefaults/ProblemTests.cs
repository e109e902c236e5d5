using System.Net;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Every refusal is a problem with a stable code, in the reader's language, and tells nothing it must not.</summary>
public sealed class ProblemTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    [Theory]
    [InlineData("{\"name\":\"list\",\"tags\":[\"a\",null]}", 400)]
    [InlineData("{\"name\":\"list\",\"notes\":[\"a\",null]}", 201)]
    public async Task A_null_in_a_list_of_what_is_never_null_is_a_bad_request(string body, int status)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Post, "/api/v1/things") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).SendAsync(request, TestContext.Current.CancellationToken);
        ((int)answer.StatusCode).ShouldBe(status);
        if (status == 400)
        {
            (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("#/tags/1");
        }
    }

    [Theory]
    [InlineData("{\"name\":\"a\",\"more\":1}", "unknown member")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", "doubled member")]
    [InlineData("{\"name\":null}", "null where none is allowed")]
    [InlineData("{}", "missing member")]
    [InlineData("{\"Name\":\"a\"}", "another case")]
    [InlineData("{\"name\":1}", "another type")]
    [InlineData("{\"name\":", "cut off")]
    [InlineData("", "empty")]
    [InlineData("[]", "an array")]
    public async Task A_body_that_does_not_fit_is_a_400_with_a_code(string json, string why)
    {
        using var answer = await Post(json, "application/json");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, why);
        (await answer.Code()).ShouldBe("REQ-0001");
    }

    [Fact]
    public async Task Another_content_type_is_a_415_and_another_method_a_405_and_an_unknown_path_a_404()
    {
        using var type = await Post("<a/>", "text/xml");
        (type.StatusCode, await type.Code()).ShouldBe((HttpStatusCode.UnsupportedMediaType, "REQ-0008"));
        using var method = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).DeleteAsync("/api/v1/things", TestContext.Current.CancellationToken);
        (method.StatusCode, await method.Code()).ShouldBe((HttpStatusCode.MethodNotAllowed, "REQ-0006"));
        using var path = await _probe.Http().GetAsync("/nowhere", TestContext.Current.CancellationToken);
        (path.StatusCode, await path.Code()).ShouldBe((HttpStatusCode.NotFound, "REQ-0005"));
    }

    [Fact]
    public async Task A_body_larger_than_a_megabyte_is_a_413()
    {
        using var answer = await Post($"{{\"name\":\"{new string('a', 2_000_000)}\"}}", "application/json");
        (answer.StatusCode, await answer.Code()).ShouldBe((HttpStatusCode.RequestEntityTooLarge, "REQ-0007"));
    }

    [Fact]
    public async Task A_failure_of_ours_tells_a_trace_id_and_no_detail()
    {
        using var answer = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).GetAsync("/api/v1/broken", TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        var body = await answer.Body();
        ((string)body["traceId"]!).Length.ShouldBe(32);
        body.ToJsonString().ShouldNotContain("secret detail");
    }

    [Theory]
    [InlineData("fr-FR,fr;q=0.9,en;q=0.8", "fr", "Introuvable")]
    [InlineData("en", "en", "Nothing here")]
    [InlineData("de", "fr", "Introuvable")]
    public async Task A_refusal_speaks_the_readers_language_and_its_code_is_never_translated(string accepts, string language, string title)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/nowhere");
        request.Headers.TryAddWithoutValidation("Accept-Language", accepts);
        using var answer = await _probe.Http().SendAsync(request, TestContext.Current.CancellationToken);
        answer.Content.Headers.ContentLanguage.ShouldBe([language]);
        var body = await answer.Body();
        ((string)body["title"]!).ShouldBe(title);
        ((string)body["code"]!).ShouldBe("REQ-0005");
        ((string)body["type"]!).ShouldEndWith("/problems/REQ-0005");
    }

    [Theory]
    [InlineData("update audit_record set purpose = 'x'")]
    [InlineData("delete from audit_record")]
    [InlineData("truncate audit_record")]
    public async Task An_audit_record_cannot_be_changed_or_removed(string sql)
    {
        using var read = await _probe.Http(TestTokens.Patient(Guid.CreateVersion7()))
            .GetAsync($"/api/v1/things/{Guid.CreateVersion7()}", TestContext.Current.CancellationToken);
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        (await db.ExecuteScalarAsync<int>("select count(*) from audit_record")).ShouldBeGreaterThan(0);
        await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(sql));
    }

    private Task<HttpResponseMessage> Post(string body, string type)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/things") { Content = new StringContent(body, Encoding.UTF8, type) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return _probe.Http(TestTokens.Patient(Guid.CreateVersion7())).SendAsync(request);
    }
}
