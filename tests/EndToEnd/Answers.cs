using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>What the public API answers, read as its callers read it.</summary>
internal static class Answers
{
    /// <summary>A POST with a key of its own.</summary>
    public static Task<HttpResponseMessage> Post(this HttpClient http, string path, HttpContent? body = null, string? key = null) =>
        http.Send(HttpMethod.Post, path, body ?? Json(new JsonObject()), key);

    public static async Task<HttpResponseMessage> Send(
        this HttpClient http, HttpMethod method, string path, HttpContent? body = null, string? key = null, string? etag = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (method == HttpMethod.Post)
        {
            request.Headers.Add("Idempotency-Key", key ?? Guid.CreateVersion7().ToString());
        }

        if (etag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", etag);
        }

        return await http.SendAsync(request);
    }

    public static StringContent Json(JsonNode body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    public static StringContent Text(string body, string mediaType = "application/json") => new(body, Encoding.UTF8, mediaType);

    public static ByteArrayContent File(byte[] bytes, string mediaType = "application/pdf")
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new(mediaType);
        return content;
    }

    /// <summary>With its type and name in headers, as uploads have them.</summary>
    public static ByteArrayContent Document(byte[] bytes, string type, string fileName, string mediaType = "application/pdf")
    {
        var content = File(bytes, mediaType);
        content.Headers.ContentDisposition = new("attachment") { FileNameStar = fileName };
        content.Headers.Add("Document-Type", type);
        return content;
    }

    public static async Task<JsonNode> Read(this HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<JsonNode>())!;

    /// <summary>Must be an RFC 9457 problem with this status and code.</summary>
    public static async Task<JsonNode> ShouldBeProblem(this HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(status, text);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = JsonNode.Parse(text)!;
        ((string?)problem["code"]).ShouldBe(code, text);
        ((int?)problem["status"]).ShouldBe(status);
        ((string?)problem["type"]).ShouldEndWith($"/problems/{code}");
        ((string?)problem["traceId"]).ShouldNotBeNullOrEmpty();
        ((string?)problem["title"]).ShouldNotBeNullOrEmpty();
        return problem;
    }
}
