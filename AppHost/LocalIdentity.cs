using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost;

/// <summary>
/// Tokens from the local issuer (services/identity), for <c>./run token</c>, the sample case and tests: of fictitious people, and of services.
/// </summary>
/// <param name="issuer">Its address.</param>
/// <param name="dataFolder">Holds the secrets of the installation.</param>
internal sealed class LocalIdentity(Uri issuer, string dataFolder) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new() { BaseAddress = issuer, Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Where a running installation notes its issuer's address.</summary>
    public static string AddressFile(string dataFolder) => Path.Combine(dataFolder, "identity.url");

    /// <exception cref="CannotStartException">Nothing runs over that folder.</exception>
    public static LocalIdentity Of(string dataFolder) => File.Exists(AddressFile(dataFolder))
        ? new LocalIdentity(new Uri(File.ReadAllText(AddressFile(dataFolder))), dataFolder)
        : throw new CannotStartException($"No running installation is known in {dataFolder}, and its issuer makes the tokens. Start it: ./run --no-demo");

    /// <summary>Of a person or a partner.</summary>
    public Task<string> Token(string role, string subject, TimeSpan life, params (string Name, object Value)[] claims) => Ask(
        [
            ("grant_type", "urn:secondopinion:grant:try-out"), ("client_id", "try-out"), ("client_secret", LocalKeys.Kept(dataFolder, LocalKeys.TryOutSecret)),
            ("role", role), ("subject", subject), ("hours", life.TotalHours.ToString(CultureInfo.InvariantCulture)),
            .. claims.Select(c => (c.Name, c.Value.ToString()!)),
        ]);

    /// <summary>Of a service that calls another, as it gets it itself.</summary>
    public Task<string> ServiceToken(string caller, string callee) => Ask(
        ("grant_type", "client_credentials"), ("client_id", caller), ("client_secret", LocalKeys.Kept(dataFolder, LocalKeys.ClientSecret(caller))),
            ("scope", callee));

    public void Dispose() => _http.Dispose();

    /// <summary>While the issuer starts or is restarted it is asked again.</summary>
    private async Task<string> Ask(params (string Name, string Value)[] form)
    {
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        while (true)
        {
            string why;
            try
            {
                using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
                using var answer = await _http.PostAsync("/connect/token", content);
                if (answer.IsSuccessStatusCode)
                {
                    return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["access_token"]!;
                }

                why = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
            }
            catch (HttpRequestException exception)
            {
                why = exception.Message;
            }

            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                throw new CannotStartException($"{issuer} gives no token: {why}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }
}
