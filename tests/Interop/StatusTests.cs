using System.Diagnostics;
using Grpc.Core;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>What goes wrong below gRPC, and the status that a service sees and acts upon.</summary>
public sealed class StatusTests
{
    [Theory]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    public async Task A_reset_stream_has_the_status_of_its_error_and_is_not_sent_again(uint error, StatusCode expected)
    {
        using var server = new ScriptedServer(async connection =>
        {
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            await connection.SendAsync(Frame.RstStream, 0, stream, Http2Socket.Number(error));
            await connection.ReadAsync(Frame.GoAway);
        });

        (await StatusAsync(server.Address)).ShouldBe(expected);
    }

    [Fact]
    public async Task A_refused_stream_was_not_seen_and_is_sent_again()
    {
        using var server = new ScriptedServer(async connection =>
        {
            const uint refused = 0x7;
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            await connection.SendAsync(Frame.RstStream, 0, stream, Http2Socket.Number(refused));
            await AnswerAsync(connection, await ScriptedServer.TakeRequestAsync(connection));
        });

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task A_call_that_a_leaving_server_did_not_come_to_is_answered_on_a_new_connection()
    {
        // The balancer may open one connection more than the call takes: whichever comes is answered.
        Func<Http2Socket, Task> answers = async connection => await AnswerAsync(connection, await ScriptedServer.TakeRequestAsync(connection));
        using var server = new ScriptedServer([
            async connection =>
            {
                await ScriptedServer.TakeRequestAsync(connection);
                // Last stream 0: nothing has been processed.
                await connection.SendAsync(Frame.GoAway, 0, 0, [.. Http2Socket.Number(0), .. Http2Socket.Number(0)]);
                (await connection.ReadAsync(Frame.Data)).ShouldBeNull();
            },
            .. Enumerable.Repeat(answers, 10)]);

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task A_server_that_leaves_each_time_is_unavailable()
    {
        using var server = ScriptedServer.Leaving();

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_connection_lost_amid_a_call_is_unavailable()
    {
        using var server = new ScriptedServer(ScriptedServer.TakeRequestAsync);

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.Unavailable);
    }

    [Theory]
    [InlineData("no status", "0000000000", null, StatusCode.Cancelled)]
    [InlineData("truncated message", "00000000050801", "0", StatusCode.Internal)]
    [InlineData("no message", "", "0", StatusCode.Internal)]
    [InlineData("not protobuf", "0000000002ffff", "0", StatusCode.Unavailable)]
    public async Task A_malformed_answer_is_never_taken_for_an_answer(string what, string body, string? status, StatusCode expected)
    {
        using var server = new ScriptedServer(async connection =>
            await AnswerAsync(connection, await ScriptedServer.TakeRequestAsync(connection), Convert.FromHexString(body), status));

        (await StatusAsync(server.Address)).ShouldBe(expected, what);
    }

    [Fact]
    public async Task The_caller_who_leaves_sees_cancelled_at_once()
    {
        await using var server = await EchoServer.StartAsync();
        await using var caller = new ServiceCaller(server.Address);
        using var leaving = new CancellationTokenSource();
        using var call = caller.Echo.ServerStream(new EchoRequest { Count = 1, Hang = true }, deadline: ServiceCaller.Soon, cancellationToken: leaving.Token);
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();

        await leaving.CancelAsync();

        (await Should.ThrowAsync<RpcException>(() => call.ResponseStream.MoveNext())).StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    [Fact]
    public async Task A_call_without_a_deadline_is_a_defect_found_at_its_first_run()
    {
        await using var caller = new ServiceCaller("http://127.0.0.1:1");

        await Should.ThrowAsync<InvalidOperationException>(async () => await caller.Echo.UnaryAsync(new EchoRequest()));
    }

    private static async Task AnswerAsync(Http2Socket connection, int stream, byte[]? body = null, string? status = "0")
    {
        var headers = Http2Socket.Block((":status", "200"), ("content-type", "application/grpc"));
        await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders, stream, headers);
        await connection.SendAsync(Frame.Data, status is null ? Http2Socket.EndStream : (byte)0, stream, body ?? new byte[5]);
        if (status is not null)
        {
            await connection.SendAsync(
                Frame.Headers, Http2Socket.EndHeaders | Http2Socket.EndStream, stream, Http2Socket.Block(("grpc-status", status)));
        }

        // Closing with frames unread would reset the connection, and the answer with it.
        await connection.ReadAsync(Frame.GoAway);
    }

    private static async Task<StatusCode> StatusAsync(string address)
    {
        await using var caller = new ServiceCaller(address);
        try
        {
            await caller.Call();
            return StatusCode.OK;
        }
        catch (RpcException failed)
        {
            return failed.StatusCode;
        }
    }
}

/// <summary>One call is one client span and one server span, in one trace.</summary>
public sealed class TraceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_call_is_one_client_and_one_server_span_in_the_callers_trace(int failWith)
    {
        await using var server = await EchoServer.StartAsync();
        await using var caller = new ServiceCaller(server.Address);
        // The first call of all gets the service's token on its way, which is then kept.
        await caller.Call();
        using var root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Grpc.Net.Client" or "Microsoft.AspNetCore" or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == root.TraceId)
                {
                    spans.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        try
        {
            await caller.Echo.UnaryAsync(new EchoRequest { FailWith = failWith }, deadline: ServiceCaller.Soon);
        }
        catch (RpcException failed)
        {
            ((int)failed.StatusCode).ShouldBe(failWith);
        }

        await Support.Eventually.True(() => spans.Count >= 2, "both spans have ended");
        Activity.Current.ShouldBe(root);
        spans.Select(span => span.Source.Name).Order(StringComparer.Ordinal).ShouldBe(["Grpc.Net.Client", "Microsoft.AspNetCore"]);
        var client = spans.Single(span => span.Source.Name == "Grpc.Net.Client");
        var received = spans.Single(span => span.Source.Name == "Microsoft.AspNetCore");
        client.ParentSpanId.ShouldBe(root.SpanId);
        client.Kind.ShouldBe(ActivityKind.Client);
        received.ParentSpanId.ShouldBe(client.SpanId);
    }
}
