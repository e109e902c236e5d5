using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Webhooks;

/// <summary>The billing service with a clock that a test sets, and a server of an insurer.</summary>
internal sealed class WebhookSystem : IAsyncDisposable
{
    private WebhookSystem(BillingFixture billing, Receiver receiver, ManualTime time) => (Billing, Receiver, Time) = (billing, receiver, time);

    public BillingFixture Billing { get; }

    public Receiver Receiver { get; }

    public ManualTime Time { get; }

    public HttpClient Partner => Billing.Service.Http(TestTokens.Partner(BillingFixture.InsurerId));

    /// <param name="settings">Of the section Webhooks.</param>
    public static async Task<WebhookSystem> Start(params (string Name, string Value)[] settings)
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var billing = new BillingFixture { Configure = services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)) };
        billing.Settings["Webhooks:AllowPrivateAddresses"] = "true";
        foreach (var (name, value) in settings)
        {
            billing.Settings[$"Webhooks:{name}"] = value;
        }

        await billing.InitializeAsync();
        return new WebhookSystem(billing, await Receiver.Start(), time);
    }

    public async ValueTask DisposeAsync()
    {
        await Billing.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    /// <summary>Subscribes the receiver.</summary>
    public async Task<(Guid Id, string Secret)> Subscribe(params string[] types)
    {
        using var answer = await Post("/api/v1/webhooks", new { url = Receiver.Url, types });
        var created = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (created.GetProperty("webhook").GetProperty("id").GetGuid(), created.GetProperty("secret").GetString()!);
    }

    public async Task<HttpResponseMessage> Post(string path, object? body = null, HttpClient? by = null) =>
        await Send(HttpMethod.Post, path, body, by: by);

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, object? body = null, string? ifMatch = null, HttpClient? by = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await (by ?? Partner).SendAsync(request);
    }

    public Task<JsonElement> Show(Guid webhook) => Partner.GetFromJsonAsync<JsonElement>($"/api/v1/webhooks/{webhook}");

    public async Task<List<JsonElement>> Deliveries(Guid webhook, string query = "") =>
        [.. (await Partner.GetFromJsonAsync<JsonElement>($"/api/v1/webhooks/{webhook}/deliveries{query}")).GetProperty("items").EnumerateArray()];

    /// <summary>An event of a type that its tests alone write.</summary>
    public Task Happens(Guid subject, Guid? insurer = null) => Billing.Service.Data.InTransaction(db => PartnerEvent.Write(
        db, insurer ?? BillingFixture.InsurerId, PartnerEventType.InvoicePaid, subject, new(Number: "2026-000042"), Time.GetUtcNow()));

    /// <summary>Events of one type, by cursor from the beginning.</summary>
    public async Task<List<JsonElement>> Events(string type)
    {
        var (all, after) = (new List<JsonElement>(), "");
        while (true)
        {
            var page = await Partner.GetFromJsonAsync<JsonElement>($"/api/v1/events?type={type}{after}");
            all.AddRange(page.GetProperty("items").EnumerateArray());
            if (!page.GetProperty("hasMore").GetBoolean())
            {
                return all;
            }

            after = $"&after={page.GetProperty("next").GetString()}";
        }
    }
}
