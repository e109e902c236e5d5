using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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

        (await FailedAsync(caller)).ShouldBeEmpty();

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

        var failed = FailedAsync(caller, after: 100, then: leaving.LeaveAsync);

        (await failed).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_that_comes_back_is_called_again()
    {
        await using var first = await Counting.StartAsync();
        var second = await Counting.StartAsync();
        await using var caller = new ServiceCaller(first.Address, second.Address);
        await second.DisposeAsync();
        (await FailedAsync(caller)).ShouldBeEmpty();

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
    public async Task An_only_address_that_was_away_for_long_answers_the_first_call_after_its_return()
    {
        var server = await Counting.StartAsync();
        await using var caller = new ServiceCaller(server.Address);
        await caller.Call();
        var failed = new List<string>();
        for (var round = 0; round < 8; round++)
        {
            await server.DisposeAsync();
            // Two calls in vain: from then on the library pauses between its own attempts to connect.
            for (var i = 0; i < 2; i++)
            {
                (await Should.ThrowAsync<RpcException>(() => caller.Call())).StatusCode.ShouldBe(StatusCode.Unavailable);
            }

            server = await Counting.StartAsync(new Uri(server.Address).Port);
            try
            {
                await caller.Call();
            }
            catch (RpcException exception)
            {
                failed.Add($"round {round}: {exception.Status}");
            }
        }

        await server.DisposeAsync();
        failed.ShouldBeEmpty();
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
        // Every later connection would take the call: it must not get there. (The library may open one and let it go unused before the call.)
        var taken = 0;
        Func<Http2Socket, Task> breaks = async connection =>
        {
            if (await connection.ReadAsync(Frame.Headers) is { } headers)
            {
                Interlocked.Increment(ref taken);
                for (var flags = headers.Flags; (flags & Http2Socket.EndStream) == 0;)
                {
                    flags = (await connection.ReadAsync(Frame.Data)).ShouldNotBeNull().Flags;
                }
            }
        };
        using var breaking = new ScriptedServer([.. Enumerable.Repeat(breaks, 30)]);
        await using var caller = new ServiceCaller(breaking.Address);

        (await Should.ThrowAsync<RpcException>(() => caller.Call())).StatusCode.ShouldBe(StatusCode.Unavailable);

        taken.ShouldBe(1);
        await Should.ThrowAsync<RpcException>(() => caller.Read());
        taken.ShouldBe(1 + 5, "what may be asked twice is asked until the attempts are used up");
    }

    [Fact]
    public async Task A_long_message_cut_in_its_midst_may_have_been_seen_and_is_not_sent_again()
    {
        var taken = 0;
        Func<Http2Socket, Task> cuts = async connection =>
        {
            if (await connection.ReadAsync(Frame.Headers) is not null)
            {
                Interlocked.Increment(ref taken);
                await connection.ReadAsync(Frame.Data);
            }
        };
        using var cutting = new ScriptedServer([.. Enumerable.Repeat(cuts, 30)]);
        await using var caller = new ServiceCaller(cutting.Address);

        (await Should.ThrowAsync<RpcException>(() => caller.Call(new string('x', 1 << 20)))).StatusCode.ShouldBe(StatusCode.Unavailable);

        taken.ShouldBe(1);
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
    /// <returns>The status of each call that failed.</returns>
    private static async Task<IReadOnlyCollection<string>> FailedAsync(ServiceCaller caller, int after = Calls, Func<Task>? then = null)
    {
        var failures = new ConcurrentBag<string>();
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
                await caller.Read();
            }
            catch (RpcException failed)
            {
                failures.Add(failed.Status.ToString());
            }
        });
        await leaving;
        return failures;
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

        public Task LeaveAsync() => server.LeaveAsync();

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
