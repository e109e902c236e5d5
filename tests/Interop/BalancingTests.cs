using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>Several addresses behind one channel, configured as the application model does: <c>services__intake__http__0</c> and so on.</summary>
public sealed class BalancingTests
{
    [Fact]
    public async Task Calls_go_to_every_address_in_turn()
    {
        var counts = new int[3];
        await using var first = await CountingAsync(counts, 0);
        await using var second = await CountingAsync(counts, 1);
        await using var third = await CountingAsync(counts, 2);
        await using var provider = Provide(new RoundRobinConfig(), first.Address, second.Address, third.Address);
        var client = provider.GetRequiredService<Echo.EchoClient>();

        for (var i = 0; i < 9; i++)
        {
            await client.UnaryAsync(new EchoRequest());
        }

        counts.ShouldBe([3, 3, 3]);
    }

    [Fact]
    public async Task A_failed_address_is_left_out_for_a_while_and_no_call_fails()
    {
        var counts = new int[2];
        await using var alive = await CountingAsync(counts, 0);
        using var dead = new ScriptedServer();
        dead.Dispose();
        await using var provider = Provide(new RoundRobinConfig(), dead.Address, alive.Address);
        var client = provider.GetRequiredService<Echo.EchoClient>();

        for (var i = 0; i < 10; i++)
        {
            await client.UnaryAsync(new EchoRequest());
        }

        counts[0].ShouldBe(10);
        provider.GetRequiredService<ConnectionCounter>().Attempts(dead.Address).ShouldBe(1);
    }

    [Fact]
    public async Task An_address_that_comes_back_is_used_again()
    {
        var counts = new int[2];
        await using var first = await CountingAsync(counts, 0);
        var second = await CountingAsync(counts, 1);
        var address = second.Address;
        await using var provider = Provide(new RoundRobinConfig(), first.Address, address);
        var client = provider.GetRequiredService<Echo.EchoClient>();
        await client.UnaryAsync(new EchoRequest());
        await client.UnaryAsync(new EchoRequest());
        counts.ShouldBe([1, 1]);

        await second.DisposeAsync();
        for (var i = 0; i < 4; i++)
        {
            await client.UnaryAsync(new EchoRequest());
        }

        counts.ShouldBe([5, 1]);
        await using var again = await CountingAsync(counts, 1, new Uri(address).Port);
        await Support.Eventually.True(
            async () =>
            {
                await client.UnaryAsync(new EchoRequest());
                return counts[1] > 1;
            },
            "the second address is called again");
    }

    [Fact]
    public async Task A_call_that_a_leaving_server_did_not_come_to_is_answered_by_the_next()
    {
        var counts = new int[1];
        await using var staying = await CountingAsync(counts, 0);
        using var leaving = ScriptedServer.Leaving();
        await using var provider = Provide(null, leaving.Address, staying.Address);
        var client = provider.GetRequiredService<Echo.EchoClient>();

        await client.UnaryAsync(new EchoRequest { Text = "not lost" });

        counts.ShouldBe([1]);
    }

    [Fact]
    public async Task Pick_first_stays_with_what_works()
    {
        var counts = new int[2];
        await using var first = await CountingAsync(counts, 0);
        await using var second = await CountingAsync(counts, 1);
        using var dead = new ScriptedServer();
        dead.Dispose();
        await using var provider = Provide(null, dead.Address, first.Address, second.Address);
        var client = provider.GetRequiredService<Echo.EchoClient>();

        for (var i = 0; i < 5; i++)
        {
            await client.UnaryAsync(new EchoRequest());
        }

        counts.ShouldBe([5, 0]);
    }

    [Fact]
    public async Task With_no_address_left_the_call_is_unavailable()
    {
        using var dead = new ScriptedServer();
        dead.Dispose();
        await using var provider = Provide(new RoundRobinConfig(), dead.Address);
        await using var empty = Provide(new RoundRobinConfig());

        foreach (var one in new[] { provider, empty })
        {
            var error = await Should.ThrowAsync<RpcException>(async () =>
                await one.GetRequiredService<Echo.EchoClient>().UnaryAsync(new EchoRequest()));
            error.StatusCode.ShouldBe(StatusCode.Unavailable);
        }
    }

    private static Task<EchoServer> CountingAsync(int[] counts, int index, int port = 0) => EchoServer.StartAsync(
        map: app => app.Use(async (HttpContext context, RequestDelegate next) =>
        {
            counts[index]++;
            await next(context);
        }),
        port: port);

    private static ServiceProvider Provide(LoadBalancingConfig? policy, params string[] addresses)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            addresses.Select((address, index) => KeyValuePair.Create($"services:intake:http:{index}", (string?)address))).Build();
        var services = new ServiceCollection();
        services.AddSingleton<ConnectionCounter>();
        services.AddSingleton<ResolverFactory>(new StaticResolverFactory(target => configuration
            .GetSection($"services:{target.AbsolutePath.Trim('/')}:http").GetChildren()
            .Select(one => new Uri(one.Value!))
            .Select(uri => new BalancerAddress(uri.Host, uri.Port))));
        services.AddGrpcClient<Echo.EchoClient>(options => options.Address = new Uri("static:///intake"))
            .ConfigureChannel(options =>
            {
                options.Credentials = ChannelCredentials.Insecure;
                options.InitialReconnectBackoff = TimeSpan.FromMilliseconds(500);
                if (policy is not null)
                {
                    options.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { policy } };
                }
            })
            .AddHttpMessageHandler(provider => provider.GetRequiredService<ConnectionCounter>().NewHandler());
        return services.BuildServiceProvider();
    }

    /// <summary>How often each address was tried.</summary>
    private sealed class ConnectionCounter
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> attempts = new();

        public int Attempts(string address) => attempts.GetValueOrDefault(new Uri(address).Authority);

        public DelegatingHandler NewHandler() => new Handler(attempts);

        private sealed class Handler(System.Collections.Concurrent.ConcurrentDictionary<string, int> attempts) : DelegatingHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                attempts.AddOrUpdate(request.RequestUri!.Authority, 1, (_, count) => count + 1);
                return base.SendAsync(request, cancellationToken);
            }
        }
    }
}
