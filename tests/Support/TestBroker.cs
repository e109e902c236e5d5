using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using MassTransit;
using SecondOpinion.Contracts;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Support;

/// <summary>A virtual host of its own, an ear on every event of the contracts, and a mouth to publish with.</summary>
public sealed class TestBroker : IAsyncDisposable
{
    private static readonly SemaphoreSlim OneUser = new(1, 1);
    private readonly IBusControl _bus;
    private readonly ConcurrentQueue<Heard> _heard;

    private TestBroker(IBusControl bus, ConcurrentQueue<Heard> heard, Uri address)
    {
        _bus = bus;
        _heard = heard;
        Address = address;
    }

    /// <summary><c>amqp://…/vhost</c>, for the service under test.</summary>
    public Uri Address { get; }

    /// <summary>As the user of a service, with the rights that it has anywhere.</summary>
    /// <param name="service">Its name; one that the contracts do not know is the probe, which stands for any.</param>
    public async Task<Uri> AddressFor(string service)
    {
        var servers = await TestServers.Get();
        var rights = Subscriptions.All.ContainsKey(service) ? BrokerRights.Of(service) : AnyRights(service);
        var user = new BrokerUser(service, Secrets.Of(servers.RabbitMq.UserInfo, service), rights.Configure, rights.Write, rights.Read);
        await OneUser.WaitAsync();
        try
        {
            await user.Make(servers.Management, Uri.UnescapeDataString(servers.RabbitMq.UserInfo), Address.AbsolutePath[1..]);
        }
        finally
        {
            OneUser.Release();
        }

        return new UriBuilder(Address) { UserName = user.Name, Password = user.Password }.Uri;
    }

    /// <summary>The probe publishes and hears events of others; its queues are its own.</summary>
    private static BrokerRights AnyRights(string service)
    {
        var heard = BrokerRights.Of(service, Events);
        return heard with { Write = heard.Configure };
    }

    /// <param name="listens">False: no queue takes anything until <see cref="Listen"/>.</param>
    public static async Task<TestBroker> Start(bool listens = true)
    {
        var servers = await TestServers.Get();
        var vhost = $"t-{Guid.CreateVersion7():n}";
        using (var http = new HttpClient { BaseAddress = servers.Management })
        {
            http.DefaultRequestHeaders.Authorization =
                new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(servers.RabbitMq.UserInfo))));
            (await http.PutAsJsonAsync($"/api/vhosts/{vhost}", new { })).EnsureSuccessStatusCode();
            var user = Uri.UnescapeDataString(servers.RabbitMq.UserInfo.Split(':')[0]);
            (await http.PutAsJsonAsync($"/api/permissions/{vhost}/{user}", new { configure = ".*", write = ".*", read = ".*" })).EnsureSuccessStatusCode();
        }

        var address = new Uri(servers.RabbitMq, vhost);
        var heard = new ConcurrentQueue<Heard>();
        var bus = Bus.Factory.CreateUsingRabbitMq(x => x.Host(address));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await bus.StartAsync(limit.Token);
        var broker = new TestBroker(bus, heard, address);
        if (listens)
        {
            await broker.Listen();
        }

        return broker;
    }

    /// <summary>From now on every event is heard.</summary>
    public Task Listen() => _bus.ConnectReceiveEndpoint("test-ear", endpoint =>
    {
        // Heard in the order of arrival: several at once would overtake each other.
        endpoint.PrefetchCount = 1;
        foreach (var type in Events)
        {
            ListenMethod.MakeGenericMethod(type).Invoke(null, [endpoint, _heard]);
        }
    }).Ready;

    /// <summary>Every event of the contracts.</summary>
    public static IReadOnlyList<Type> Events { get; } =
        [.. typeof(CaseOpened).Assembly.GetTypes().Where(t => t.GetCustomAttribute<EntityNameAttribute>() is not null)];

    /// <summary>Publishes as another service would; give a message id twice to play a redelivery.</summary>
    public Task Publish<T>(T message, Guid? messageId = null) where T : class =>
        _bus.Publish(message, context => context.MessageId = messageId ?? Guid.CreateVersion7());

    /// <summary>What was heard of one event so far, in order of arrival.</summary>
    public IReadOnlyList<T> Heard<T>() => [.. _heard.Select(h => h.Message).OfType<T>()];

    /// <summary>Everything heard so far with message ids.</summary>
    public IReadOnlyList<Heard> All => [.. _heard];

    /// <summary>Waits for an event that fits.</summary>
    public async Task<T> Next<T>(Func<T, bool>? fits = null, TimeSpan? limit = null) where T : class
    {
        T? found = null;
        await Eventually.True(() => (found = Heard<T>().FirstOrDefault(fits ?? (_ => true))) is not null, $"a {typeof(T).Name} is published", limit);
        return found!;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _bus.StopAsync(limit.Token);
    }

    private static readonly MethodInfo ListenMethod = typeof(TestBroker).GetMethod(nameof(ListenTo), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static void ListenTo<T>(IReceiveEndpointConfigurator endpoint, ConcurrentQueue<Heard> heard) where T : class =>
        endpoint.Handler<T>(context =>
        {
            heard.Enqueue(new Heard(context.MessageId, context.Message, context.Headers.Get<string>("traceparent")));
            return Task.CompletedTask;
        });
}

/// <param name="MessageId">As the outbox gave it.</param>
/// <param name="Message">The event.</param>
/// <param name="TraceParent">W3C trace context of the publisher, when it sent one.</param>
public sealed record Heard(Guid? MessageId, object Message, string? TraceParent);
