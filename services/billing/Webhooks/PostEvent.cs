using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using SecondOpinion.Billing.PartnerEvents;
using StandardWebhooks;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>What came of one post.</summary>
/// <param name="Status">Null when nothing was answered.</param>
/// <param name="Fault">Empty when it was taken.</param>
internal sealed record Posted(Guid DeliveryId, DateTimeOffset At, int? Status, string Fault, int Milliseconds)
{
    public bool IsTaken => Fault.Length == 0;

    /// <summary>The receiver says that it will never want anything again.</summary>
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}

/// <summary>
/// Posts one event, signed as Standard Webhooks asks. The address is a stranger's: it is judged at each connection, redirects are not followed, no cookie and
/// no trace of ours is sent, and of its answer only the status is read.
/// </summary>
internal sealed class PostEvent : IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public PostEvent(WebhookOptions options, TimeProvider time)
    {
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = options.AllowPrivateAddresses ? null : PublicAddresses.Connect,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // A name's new address is found, and judged, within this time.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 16,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 16 << 10,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = options.Timeout,
        };
    }

    /// <param name="url">Where to.</param>
    /// <param name="secrets">One, or two while a secret is changed.</param>
    /// <param name="deliveryId">The delivery.</param>
    /// <param name="message">What is told.</param>
    public async Task<Posted> To(string url, IReadOnlyList<StandardWebhook> secrets, Guid deliveryId, PartnerEventMessage message)
    {
        var (at, start) = (_time.GetUtcNow(), Stopwatch.GetTimestamp());
        var (status, fault) = await Send(url, secrets, at, message);
        return new Posted(deliveryId, at, status, fault, (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    public void Dispose() => _http.Dispose();

    private async Task<(int? Status, string Fault)> Send(
        string url, IReadOnlyList<StandardWebhook> secrets, DateTimeOffset at, PartnerEventMessage message)
    {
        var body = JsonSerializer.Serialize(message, PartnerEvent.Json);
        var id = message.Id.ToString();
        using var post = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8) };
        post.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        post.Headers.TryAddWithoutValidation("User-Agent", "SecondOpinion-Webhooks/1");
        post.Headers.TryAddWithoutValidation("webhook-id", id);
        post.Headers.TryAddWithoutValidation("webhook-timestamp", at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        post.Headers.TryAddWithoutValidation("webhook-signature", string.Join(' ', Listed(secrets.Select(s => s.Sign(id, at, body)))));
        try
        {
            using var answer = await _http.SendAsync(post, HttpCompletionOption.ResponseHeadersRead);
            var status = (int)answer.StatusCode;
            return (status, answer.IsSuccessStatusCode ? "" : status is >= 300 and < 400 ? "redirect" : "status");
        }
        catch (HttpRequestException failed)
        {
            return (null, Why(failed));
        }
        catch (OperationCanceledException)
        {
            return (null, "timeout");
        }
    }

    /// <summary>The last of several comes twice: of a list, the library for .NET (1.1.2) never looks at the last one.</summary>
    private static IEnumerable<string> Listed(IEnumerable<string> signatures) =>
        signatures.ToList() is [_, .., var last] several ? [.. several, last] : signatures;

    private static string Why(HttpRequestException failed) => failed switch
    {
        { InnerException: PrivateAddressException } => "private_address",
        { InnerException: AuthenticationException } => "tls",
        { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } } => "no_such_host",
        _ => "connection",
    };
}
