using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SecondOpinion.Interop.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>Several addresses of one service, as our clients use them: all take part, the dead are stepped over, and nothing is sent twice.</summary>
public sealed class AddressTests
{
    private const int Calls = 300;

    [Fact]
    public async Task Calls_are_spread_over_all_addresses()
    {
        await using var first = await Counting.StartAsync();
        await using var second = await Counting.StartAsync();
        await using var caller = new ServiceCaller(first.Address, second.Address);
        // The second connection may come a moment after the first.
        await Eventually.True(
            async () =>
            {
                await caller.Call();
                return first.Seen > 0 && second.Seen > 0;
            },
            "both have been called");
        var (one, two) = (first.Seen, second.Seen);

        for (var i = 0; i < 100; i++)
        {
            await caller.Call();
        }

        (first.Seen - one, second.Seen - two).ShouldBe((50, 50));
    }

    [Fact]
    public async Task With_one_of_two_addresses_dead_no_call_of_three_hundred_fails()
    {
        await using var alive = await Counting.StartAsync();
        await using var caller = new ServiceCaller(DeadAddress(), alive.Address);

        (await FailedAsync(caller)).ShouldBe(0);

        alive.Seen.ShouldBe(Calls);
    }

    [Fact]
    public async Task An_address_that_leaves_in_the_midst_of_three_hundred_calls_fails_none()
    {
        await using var staying = await Counting.StartAsync();
        var leaving = await Counting.StartAsync();
        await using var caller = new ServiceCaller(leaving.Address, staying.Address);
        await Eventually.True(
            async () =>
            {
                await caller.Call();
                return leaving.Seen > 0 && staying.Seen > 0;
            },
            "both have been called");

        var failed = FailedAsync(caller, after: 100, then: leaving.DisposeAsync().AsTask);

        (await failed).ShouldBe(0);
    }

    [Fact]
    public async Task An_address_that_comes_back_is_called_again()
    {
        await using var first = await Counting.StartAsync();
        var second = await Counting.StartAsync();
        await using var caller = new ServiceCaller(first.Address, second.Address);
        await second.DisposeAsync();
        (await FailedAsync(caller)).ShouldBe(0);

        await using var again = await Counting.StartAsync(new Uri(second.Address).Port);

        await Eventually.True(
            async () =>
            {
                await caller.Call();
                return again.Seen > 0;
            },
            "the second address is called again");
    }

    [Fact]
    public async Task The_only_address_is_waited_for_while_it_starts_again()
    {
        var before = await Counting.StartAsync();
        await using var caller = new ServiceCaller(before.Address);
        await caller.Call();
        await before.DisposeAsync();
        await using var again = await Counting.StartAsync(new Uri(before.Address).Port);

        await caller.Call();

        again.Seen.ShouldBe(1);
    }

    [Fact]
    public async Task With_no_address_alive_or_none_at_all_the_call_is_unavailable()
    {
        await using var dead = new ServiceCaller(DeadAddress(), DeadAddress());
        await using var none = new ServiceCaller();

        foreach (var caller in new[] { dead, none })
        {
            (await Should.ThrowAsync<RpcException>(() => caller.Call())).StatusCode.ShouldBe(StatusCode.Unavailable);
        }
    }

    [Fact]
    public async Task A_name_of_the_clusters_dns_is_resolved()
    {
        await using var server = await Counting.StartAsync();
        await using var caller = new ServiceCaller($"dns:///localhost:{new Uri(server.Address).Port}");

        await caller.Call();

        server.Seen.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_whose_connection_breaks_may_have_been_carried_out_and_is_not_sent_again()
    {
        // The second connection would answer: the call must not get there.
        var second = false;
        using var breaking = new ScriptedServer(
            ScriptedServer.TakeRequestAsync,
            async connection => second = await connection.ReadAsync(Frame.Headers) is not null);
        await using var caller = new ServiceCaller(breaking.Address);

        (await Should.ThrowAsync<RpcException>(() => caller.Call())).StatusCode.ShouldBe(StatusCode.Unavailable);

        second.ShouldBeFalse();
    }

    [Fact]
    public async Task A_refusal_as_unavailable_is_an_answer_and_is_not_asked_again()
    {
        var seen = 0;
        await using var server = await EchoServer.StartAsync(map: app => app.Use((HttpContext context, RequestDelegate _) =>
        {
            Interlocked.Increment(ref seen);
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "14";
            return Task.CompletedTask;
        }));
        await using var caller = new ServiceCaller(server.Address);

        (await Should.ThrowAsync<RpcException>(() => caller.Call())).StatusCode.ShouldBe(StatusCode.Unavailable);

        seen.ShouldBe(1);
    }

    /// <summary>Ten at a time, as in a service.</summary>
    private static async Task<int> FailedAsync(ServiceCaller caller, int after = Calls, Func<Task>? then = null)
    {
        var failures = new ConcurrentBag<StatusCode>();
        var started = 0;
        var leaving = Task.CompletedTask;
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = 10 }, async (_, _) =>
        {
            if (Interlocked.Increment(ref started) == after && then is not null)
            {
                leaving = then();
            }

            try
            {
                await caller.Call();
            }
            catch (RpcException failed)
            {
                failures.Add(failed.StatusCode);
            }
        });
        await leaving;
        return failures.Count;
    }

    private static string DeadAddress()
    {
        using var server = new ScriptedServer();
        return server.Address;
    }

    /// <summary>A server that counts the calls that come to it.</summary>
    private sealed class Counting : IAsyncDisposable
    {
        private EchoServer server = null!;
        private int seen;

        public int Seen => Volatile.Read(ref seen);

        public string Address => server.Address;

        public static async Task<Counting> StartAsync(int port = 0)
        {
            var counting = new Counting();
            counting.server = await EchoServer.StartAsync(
                map: app => app.Use(async (HttpContext context, RequestDelegate next) =>
                {
                    Interlocked.Increment(ref counting.seen);
                    await next(context);
                }),
                port: port);
            return counting;
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
