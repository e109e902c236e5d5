using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Gateway.Keys;

/// <summary>
/// Whether a version of a key can leave the configuration, asked of every service at once: one that still needs it, or does not answer, keeps it.
/// <c>./run keys</c> prints this.
/// </summary>
internal static class ShowKeys
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <param name="Versions">By purpose and version.</param>
    /// <param name="Unanswered">Services that could not be asked: while there is one, no version can leave.</param>
    public sealed record KeyReport(IReadOnlyList<KeyVersion> Versions, IReadOnlyList<string> Unanswered);

    /// <param name="CanLeave">No service has rows under it or uses it for new ones, and all answered.</param>
    public sealed record KeyVersion(string Purpose, string Version, bool CanLeave, IReadOnlyList<ServiceKeyUse> Services);

    /// <param name="IsCurrent">New rows are made under it.</param>
    /// <param name="IsConfigured">The service has the key.</param>
    /// <param name="Rows">Rows that cannot be read without it.</param>
    public sealed record ServiceKeyUse(string Service, bool IsCurrent, bool IsConfigured, long Rows);

    public static void Map(WebApplication app) => app.MapGet($"{Routes.Api}/keys", Handle).AllowRoles(Roles.Ops).ExcludeFromDescription();

    private static async Task<Ok<KeyReport>> Handle(HttpRequest request, ServiceAddresses addresses, IHttpClientFactory http, CancellationToken cancel)
    {
        // Asked with the caller's own token, and never from memory: an old answer would be a wrong one.
        var authorization = AuthenticationHeaderValue.Parse(request.Headers.Authorization.ToString());
        var answers =
            await Task.WhenAll(Routes.Services.Select(async service => (Service: service, Uses: await Ask(service, authorization, addresses, http, cancel))));
        return TypedResults.Ok(Judge(answers));
    }

    /// <summary>Every replica is asked: one may still run with a former configuration.</summary>
    private static async Task<IReadOnlyList<KeyVersionUse>?> Ask(
        string service, AuthenticationHeaderValue authorization, ServiceAddresses addresses, IHttpClientFactory http, CancellationToken cancel)
    {
        using var client = http.CreateClient(nameof(ShowKeys));
        client.Timeout = Limit;
        var all = new List<KeyVersionUse>();
        var replicas = addresses.Of(service);
        foreach (var address in replicas)
        {
            try
            {
                using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/keys")) { Headers = { Authorization = authorization } };
                using var answer = await client.SendAsync(question, cancel);
                answer.EnsureSuccessStatusCode();
                all.AddRange((await answer.Content.ReadFromJsonAsync<IReadOnlyList<KeyVersionUse>>(cancel))!);
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException
                || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                // Told in the report: the service is unanswered.
                return null;
            }
        }

        return replicas.Count == 0 ? null : all;
    }

    internal static KeyReport Judge(IReadOnlyList<(string Service, IReadOnlyList<KeyVersionUse>? Uses)> answers)
    {
        var unanswered = answers.Where(a => a.Uses is null).Select(a => a.Service).ToList();
        var versions = answers
            .SelectMany(a => (a.Uses ?? []).GroupBy(u => (u.Purpose, u.Version)).Select(replicas => (replicas.Key, Use: new ServiceKeyUse(
                a.Service, replicas.Any(u => u.IsCurrent), replicas.All(u => u.IsConfigured), replicas.Max(u => u.Rows)))))
            .GroupBy(u => u.Key, u => u.Use)
            .OrderBy(g => g.Key)
            .Select(g => new KeyVersion(g.Key.Purpose, g.Key.Version, unanswered.Count == 0 && g.All(u => !u.IsCurrent && u.Rows == 0), [.. g]));
        return new KeyReport([.. versions], unanswered);
    }
}
