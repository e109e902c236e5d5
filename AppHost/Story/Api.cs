using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace SecondOpinion.AppHost.Story;

/// <summary>
/// The gateway's public API as a client that behaves well uses it: a token, one Idempotency-Key per attempt at something, and patient repeats while a part
/// of the system is being restarted.
/// </summary>
internal sealed class Api(Uri gateway, CancellationToken stopping) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenRepeats = TimeSpan.FromMilliseconds(300);
    private readonly HttpClient _http = new() { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>What an access log in front of the gateway would hold of each request: method, path with its query, status.</summary>
    public List<string> AccessLog { get; } = [];

    /// <summary>Trace id of the last answer.</summary>
    public string? TraceId { get; private set; }

    public Task<Answer> Get(string path, string token) => Send(HttpMethod.Get, path, token, null, null);

    public Task<Answer> Post(string path, string token, object? body = null) =>
        Send(HttpMethod.Post, path, token, () => JsonContent.Create(body ?? new { }), null);

    public Task<Answer> Put(string path, string token, object body, string? etag) => Send(HttpMethod.Put, path, token, () => JsonContent.Create(body), etag);

    /// <summary>What a file is and how it is called goes in headers: access logs hold addresses.</summary>
    public Task<Answer> Upload(string path, string token, string file, string mediaType, string documentType) => Send(HttpMethod.Post, path, token, () =>
    {
        var content = new StreamContent(File.OpenRead(file));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        content.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = Path.GetFileName(file) };
        content.Headers.Add("Document-Type", documentType);
        return content;
    }, null);

    /// <summary>Repeats a GET until the answer fits.</summary>
    /// <exception cref="StoryException">It did not within a minute.</exception>
    public async Task<Answer> Until(string path, string token, Func<Answer, bool> fits, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var answer = await Get(path, token);
            if (answer.Ok && fits(answer))
            {
                return answer;
            }

            if (DateTime.UtcNow > deadline)
            {
                throw new StoryException($"waited {Patience.TotalSeconds:0} s in vain until {what} (last answer {(int)answer.Status} {answer.Text})");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), stopping);
        }
    }

    private async Task<Answer> Send(HttpMethod method, string path, string token, Func<HttpContent>? content, string? etag)
    {
        var key = Guid.CreateVersion7().ToString();
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            using var request = new HttpRequestMessage(method, path) { Content = content?.Invoke() };
            request.Headers.Authorization = new("Bearer", token);
            if (method == HttpMethod.Post)
            {
                request.Headers.Add("Idempotency-Key", key);
            }

            if (etag is not null)
            {
                request.Headers.TryAddWithoutValidation("If-Match", etag);
            }

            string why;
            try
            {
                using var response = await _http.SendAsync(request, stopping);
                var answer =
                    new Answer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(stopping), response.Headers.ETag?.ToString(),
                        response.Content.Headers.ContentType?.MediaType);
                AccessLog.Add($"{method} {path} {(int)response.StatusCode}");
                if (response.Headers.TryGetValues("Request-Id", out var ids))
                {
                    TraceId = ids.First();
                }

                if (response.StatusCode is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
                    or HttpStatusCode.TooManyRequests)
                    && !(response.StatusCode == HttpStatusCode.Conflict && response.Headers.RetryAfter is not null))
                {
                    return answer;
                }

                why = $"{(int)answer.Status} {answer.Text}";
            }
            catch (HttpRequestException exception)
            {
                why = exception.Message;
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                why = "no answer within 30 s";
            }

            if (DateTime.UtcNow > deadline)
            {
                throw new StoryException($"{method} {path} failed for {Patience.TotalSeconds:0} s: {why}");
            }

            await Task.Delay(BetweenRepeats, stopping);
        }
    }

    public void Dispose() => _http.Dispose();
}

internal sealed record Answer(HttpStatusCode Status, byte[] Bytes, string? ETag, string? MediaType)
{
    public bool Ok => (int)Status is >= 200 and < 300;

    public string Text => System.Text.Encoding.UTF8.GetString(Bytes);

    public JsonNode Json => JsonNode.Parse(Bytes)!;
}

/// <summary>A step was not as it must be; the message says what was seen.</summary>
internal sealed class StoryException(string message) : Exception(message);
