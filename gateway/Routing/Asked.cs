using System.Net.Http.Headers;
using System.Text.Json;

namespace SecondOpinion.Gateway.Routing;

/// <summary>Asks a service with the caller's own token; any of its replicas can answer.</summary>
internal sealed class Asked(IHttpContextAccessor http, ServiceAddresses addresses, IHttpClientFactory clients)
{
    /// <summary>Ten thousand messages move in this time, and a million audit records are read.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <returns>Null when no replica answered with success.</returns>
    public async Task<T?> Of<T>(string service, HttpMethod method, string path, object? body, CancellationToken cancel) where T : class
    {
        using var client = clients.CreateClient(nameof(Asked));
        client.Timeout = Limit;
        foreach (var address in addresses.Of(service))
        {
            try
            {
                using var question = new HttpRequestMessage(method, new Uri(address, path))
                {
                    Headers = { Authorization = AuthenticationHeaderValue.Parse(http.HttpContext!.Request.Headers.Authorization.ToString()) },
                    Content = body is null ? null : JsonContent.Create(body),
                };
                using var answer = await client.SendAsync(question, cancel);
                if (answer.IsSuccessStatusCode)
                {
                    return await answer.Content.ReadFromJsonAsync<T>(cancel);
                }
            }
            catch (Exception exception)
                when (exception is HttpRequestException or JsonException || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                // The next replica is asked; that none answered is told to the caller.
                continue;
            }
        }

        return null;
    }
}
