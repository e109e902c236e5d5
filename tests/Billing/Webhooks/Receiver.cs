using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace SecondOpinion.Tests.Billing.Webhooks;

/// <summary>A post as it came.</summary>
internal sealed record Received(Dictionary<string, string> Headers, string Body)
{
    public Guid Id => Guid.Parse(Headers["webhook-id"]);

    public JsonElement Event => JsonElement.Parse(Body);

    public string Type => Event.GetProperty("type").GetString()!;

    public Guid Subject => Event.GetProperty("subject").GetGuid();

    public HeaderDictionary Signature => new(Headers.ToDictionary(h => h.Key, h => new StringValues(h.Value), StringComparer.OrdinalIgnoreCase));
}

/// <summary>An insurer's own server, over real HTTP; it answers 204 unless the test says otherwise.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _posts = new();

    private Receiver(WebApplication app) => _app = app;

    public Uri Url => new($"{_app.Urls.First()}/hooks");

    /// <summary>All, taken or not, in the order in which they came.</summary>
    public IReadOnlyCollection<Received> Posts => _posts;

    /// <summary>What is answered; may break off the connection.</summary>
    public Func<Received, HttpContext, int> Answer { get; set; } = (_, _) => StatusCodes.Status204NoContent;

    public static async Task<Receiver> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var receiver = new Receiver(builder.Build());
        receiver._app.MapPost("/hooks", receiver.Take);
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task Take(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var post = new Received(
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), await reader.ReadToEndAsync());
        _posts.Enqueue(post);
        context.Response.StatusCode = Answer(post, context);
    }
}
