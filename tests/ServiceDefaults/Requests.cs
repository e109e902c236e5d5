using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.ServiceDefaults;

internal static class Requests
{
    public static async Task<HttpResponseMessage> PostThing(this HttpClient client, string name, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/things") { Content = JsonContent.Create(new { name }) };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await client.SendAsync(request);
    }

    public static async Task<JsonNode> Body(this HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

    public static async Task<string> Code(this HttpResponseMessage answer) => (string)(await answer.Body())["code"]!;
}
