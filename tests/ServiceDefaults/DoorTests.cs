using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>
/// What comes in by any door of any service: text of one rule, dates of one form, HEAD, compressed bodies, ETags; each refusal names the member and the way
/// out.
/// </summary>
public sealed class DoorTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly HttpClient _http = fixture.Probe.Http(TestTokens.Patient(Guid.CreateVersion7()));

    [Theory]
    [MemberData(nameof(DoorTables.TextTaken), MemberType = typeof(DoorTables))]
    public async Task Text_of_every_script_is_taken_and_its_line_ends_are_one(string what, string json, string kept, string verdict)
    {
        verdict.ShouldStartWith("kept", customMessage: what);
        foreach (var (body, read) in Bodies(json))
        {
            var answer = await Put(Encoding.UTF8.GetBytes(body));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, body);
            read(await answer.Body()).ShouldBe(kept);
        }
    }

    [Theory]
    [MemberData(nameof(DoorTables.TextRefused), MemberType = typeof(DoorTables))]
    public async Task Text_that_nobody_can_show_is_refused_by_member_wherever_it_stands(string what, string json, string code, string says)
    {
        what.ShouldNotBeEmpty();
        foreach (var (body, _) in Bodies(json))
        {
            await Refused(await Put(Encoding.UTF8.GetBytes(body)), code, says);
        }
    }

    [Fact]
    public async Task A_latin_1_byte_is_a_400_that_says_utf_8()
    {
        foreach (var (body, _) in Bodies("opérée"))
        {
            await Refused(await Put(Encoding.Latin1.GetBytes(body)), "broken_character", "UTF-8");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_in_utf_16_is_a_400_that_says_utf_8(bool marked) => await Refused(
        await Put([.. marked ? Encoding.Unicode.Preamble : default, .. Encoding.Unicode.GetBytes("""{"text":"a"}""")]), "broken_character", "UTF-8");

    [Theory]
    [InlineData("""{"more":1}""", "unknown_member", "« more »")]
    [InlineData("""{"count":"x"}""", "wrong_type", "un nombre, sans guillemets")]
    [InlineData("""{"yes":"oui"}""", "wrong_type", "true ou false")]
    [InlineData("""{"id":"42"}""", "not_a_uuid", "UUID")]
    [InlineData("""{"texts":"a"}""", "wrong_type", "une liste")]
    [InlineData("""{"text":1}""", "wrong_type", "un texte")]
    [InlineData("""{"text":"a","text":"b"}""", "doubled_member", "deux fois")]
    [InlineData("""{"texts":[null]}""", "null_not_allowed", "#/texts")]
    [InlineData("""{"text":"a" "count":1}""", "not_json", "ligne 1")]
    [InlineData("""{"on":"30/11/2026"}""", "not_a_date", "2026-11-30")]
    [InlineData("""{"at":"2026-11-30T09:00:00"}""", "not_a_moment", "+01:00")]
    public async Task A_body_that_does_not_fit_says_which_member_and_which_form(string body, string code, string says) =>
        await Refused(await Put(Encoding.UTF8.GetBytes(body)), code, says);

    [Fact]
    public async Task A_missing_member_is_named()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/things") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        await Refused(answer, "missing_member", "« name »");
    }

    [Theory]
    [MemberData(nameof(DoorTables.Parameters), MemberType = typeof(DoorTables))]
    public async Task Parameters_pass_the_same_rules(string query, int status, string code)
    {
        using var answer = await _http.GetAsync($"/api/v1/dated?{query}", TestContext.Current.CancellationToken);
        ((int)answer.StatusCode).ShouldBe(status, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        if (status == 400)
        {
            ((string?)(await answer.Body())["errors"]![0]!["code"]).ShouldBe(code);
        }
    }

    [Fact]
    public async Task Head_answers_as_get_without_a_body_and_where_there_is_no_get_as_405()
    {
        using var get = await _http.GetAsync("/api/v1/dated?on=2026-11-30", TestContext.Current.CancellationToken);
        using var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/api/v1/dated?on=2026-11-30"), TestContext.Current.CancellationToken);
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType.ShouldBe(get.Content.Headers.ContentType);
        (await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        using var none = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/api/v1/version"), TestContext.Current.CancellationToken);
        none.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        // The connection is still in step.
        (await _http.GetAsync("/api/v1/dated", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_body_that_is_not_what_its_coding_says_is_a_400(string coding)
    {
        (await Put([1, 2, 3, 4, 5, 6, 7, 8, 0xFF, 0xFE], encoding: coding)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Put([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF], encoding: coding)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [MemberData(nameof(DoorTables.Charsets), MemberType = typeof(DoorTables))]
    public async Task A_body_in_json_is_utf_8_and_nothing_else(string charset, int expected)
    {
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", $"application/json; charset={charset}");
        (await _http.PutAsync("/api/v1/echo", content, TestContext.Current.CancellationToken)).StatusCode.ShouldBe((HttpStatusCode)expected);
    }

    [Fact]
    public async Task A_compressed_body_is_inflated_within_bounds_and_an_unknown_coding_is_a_415()
    {
        var ok = await Put(Zipped("""{"text":"comprimé"}"""), encoding: "gzip");
        ((string?)(await ok.Body())["text"]).ShouldBe("comprimé");
        (await Put(Zipped($"{{\"text\":\"{new string('a', 60_000_000)}\"}}"), encoding: "gzip")).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        var unknown = await Put("x"u8.ToArray(), encoding: "zstd");
        (unknown.StatusCode, await unknown.Code()).ShouldBe((HttpStatusCode.UnsupportedMediaType, "REQ-0008"));
        (await unknown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("gzip, br ou deflate");
    }

    [Theory]
    [MemberData(nameof(DoorTables.IfMatch), MemberType = typeof(DoorTables))]
    public async Task An_etag_without_quotes_is_told_apart_from_a_stale_one(string ifMatch, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/version");
        if (ifMatch.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        ((int)answer.StatusCode).ShouldBe(status);
        if (status == 400)
        {
            (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("guillemets");
        }
    }

    [Theory]
    [MemberData(nameof(DoorTables.FileNames), MemberType = typeof(DoorTables))]
    public void A_file_name_keeps_what_a_person_reads(string sent, string? kept) => PlainText.FileName(sent, 200).ShouldBe(kept);

    [Fact]
    public void A_file_name_with_half_a_character_is_none() => PlainText.FileName("\ud800.pdf", 200).ShouldBeNull();

    [Fact]
    public void A_long_file_name_keeps_its_extension() => PlainText.FileName(new string('é', 300) + ".pdf", 200).ShouldBe(new string('é', 196) + ".pdf");

    private static IEnumerable<(string Body, Func<JsonNode, string?> Read)> Bodies(string json) =>
    [
        ($"{{\"text\":\"{json}\"}}", b => (string?)b["text"]),
        ($"{{\"answers\":{{\"q\":\"{json}\"}}}}", b => (string?)b["answers"]!["q"]),
        ($"{{\"answers\":{{\"q\":[1,{{\"deep\":[\"{json}\"]}}]}}}}", b => (string?)b["answers"]!["q"]![1]!["deep"]![0]),
        ($"{{\"answers\":{{\"{json}\":true}}}}", b => b["answers"]!.AsObject().First().Key),
    ];

    private static async Task Refused(HttpResponseMessage answer, string code, string says)
    {
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, text);
        var body = JsonNode.Parse(text)!;
        ((string?)body["errors"]![0]!["code"]).ShouldBe(code, text);
        ((string?)body["detail"]).ShouldNotBeNull().ShouldContain(says);
    }

    private static byte[] Zipped(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private Task<HttpResponseMessage> Put(byte[] body, string? encoding = null)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        if (encoding is not null)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        return _http.PutAsync("/api/v1/echo", content);
    }
}
