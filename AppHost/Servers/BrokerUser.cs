using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace SecondOpinion.Servers;

/// <summary>
/// A service's user at RabbitMQ (docs/decisions/0073), with what it may configure, write and read: regular expressions over the names of exchanges and queues.
/// </summary>
public sealed record BrokerUser(string Name, string Password, string Configure, string Write, string Read)
{
    private const int MaxAttempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Makes it, or gives it this password and these rights, by the broker's management API; repeatable.</summary>
    /// <param name="management">Its base address.</param>
    /// <param name="administrator"><c>user:password</c>.</param>
    /// <param name="virtualHost">Where the rights count; the user has none anywhere else.</param>
    public async Task Make(Uri management, string administrator, string virtualHost = "/", CancellationToken cancel = default)
    {
        using var http = new HttpClient { BaseAddress = management, Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(administrator)));
        await Put(http, $"/api/users/{Name}", new { password = Password, tags = "" }, cancel);
        await Put(
            http, $"/api/permissions/{Uri.EscapeDataString(virtualHost)}/{Name}", new { configure = Configure, write = Write, read = Read }, cancel);
    }

    private static async Task Put(HttpClient http, string path, object body, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await http.PutAsJsonAsync(path, body, cancel);
            if (answer.StatusCode != HttpStatusCode.BadRequest || attempt == MaxAttempts)
            {
                answer.EnsureSuccessStatusCode();
                return;
            }

            // A user whom somebody else changes just now is not there for a moment.
            await Task.Delay(Pause, cancel);
        }
    }
}
