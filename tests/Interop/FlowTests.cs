using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.Interop.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>Memory is the whole process's: no other test may run meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class SlowReaderTests(Matrix matrix)
{
    [Fact]
    public async Task A_slow_reader_holds_the_writer_back_and_memory_stays_flat()
    {
        const int messageSize = 64 * 1024;
        const int count = 1024 * 1024 * 1024 / messageSize;
        const long mostAhead = 32L * 1024 * 1024;
        const string name = "one gigabyte";
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);
        using var call = new Echo.EchoClient(channel).ServerStream(new EchoRequest { Text = name, Count = count, Size = messageSize });
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();

        // Nobody reads: the writer comes to a stand.
        var seen = -1;
        await Eventually.True(
            () => (seen, seen = EchoService.Written.GetValueOrDefault(name)) is var (before, now) && before == now, "the writer stands");
        ((long)seen * messageSize).ShouldBeLessThan(mostAhead);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var read = 1;
        while (await call.ResponseStream.MoveNext())
        {
            read++;
            if (read % 2048 == 0)
            {
                (EchoService.Written[name] - read).ShouldBeLessThan((int)(mostAhead / messageSize));
                (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(mostAhead);
            }
        }

        read.ShouldBe(count);
    }
}

/// <summary>Many streams, and streams that end in their own way.</summary>
public sealed class FlowTests(Matrix matrix)
{
    [Theory]
    [InlineData(Pair.NodeCallsUs)]
    [InlineData(Pair.WeCallUs)]
    public async Task Sixteen_channels_of_two_hundred_streams_each_run_at_once(Pair pair)
    {
        const int channels = 16;
        const int streams = 200;
        var calls = new List<Task<Outcome>>();
        var opened = new List<GrpcChannel>();
        for (var channel = 0; channel < channels; channel++)
        {
            var own = GrpcChannel.ForAddress(matrix.Us.Address);
            opened.Add(own);
            for (var stream = 0; stream < streams; stream++)
            {
                var call = new Call("duplex") { Address = matrix.Us.Authority, Channel = $"{channel}", Text = $"{channel}/{stream}", Count = 3 };
                calls.Add(pair == Pair.WeCallUs ? OwnClient.RunAsync(own, call) : matrix.Node.SendAsync<Outcome>("run", call));
            }
        }

        var outcomes = await Task.WhenAll(calls);

        opened.ForEach(channel => channel.Dispose());
        outcomes.ShouldAllBe(outcome => outcome.Code == 0 && outcome.Count == 3);
        outcomes.Select(outcome => outcome.Text).Distinct().Count().ShouldBe(channels * streams);
    }

    [Theory, EachPair]
    public async Task The_answer_may_go_on_after_the_request_has_ended(Pair pair)
    {
        // Half-close: the request of a server stream ends with its first message.
        var outcome = await matrix.RunAsync(pair, new Call("server") { Count = 500, MessageSize = 10_000 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Bytes.ShouldBe(5_000_000);
    }

    [Fact]
    public async Task Messages_that_may_wait_all_arrive_and_still_heed_the_reader()
    {
        const int count = 100_000;
        const int size = 1000;
        BufferingService.Written = 0;
        await using var server = await EchoServer.StartAsync(map: app => Microsoft.AspNetCore.Builder.GrpcEndpointRouteBuilderExtensions
            .MapGrpcService<BufferingService>(app));
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new Talk.TalkClient(channel).Chat(new EchoRequest { Count = count, Size = size });
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();

        var seen = -1;
        await Eventually.True(
            () => (seen, seen = Volatile.Read(ref BufferingService.Written)) is var (before, now) && before == now, "the writer stands");
        seen.ShouldBeLessThan(count / 2);

        var read = 1;
        while (await call.ResponseStream.MoveNext())
        {
            call.ResponseStream.Current.Index.ShouldBe(read++);
        }

        read.ShouldBe(count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_server_may_end_the_call_while_the_client_still_writes(int limit)
    {
        await using var server = await EchoServer.StartAsync(map: app => Microsoft.AspNetCore.Builder.GrpcEndpointRouteBuilderExtensions
            .MapGrpcService<ImpatientService>(app));
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new Talk.TalkClient(channel).Listen();

        var error = await Should.ThrowAsync<RpcException>(async () =>
        {
            while (true)
            {
                await call.RequestStream.WriteAsync(new EchoRequest { Count = limit });
            }
        });

        error.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        (await Should.ThrowAsync<RpcException>(async () => await call)).Status.Detail.ShouldBe("assez");
    }

    private sealed class BufferingService : Talk.TalkBase
    {
        public static int Written;

        public override async Task Chat(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
        {
            responseStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
            var text = new string('x', request.Size);
            for (var index = 0; index < request.Count; index++)
            {
                await responseStream.WriteAsync(new EchoReply { Text = text, Index = index });
                Volatile.Write(ref Written, index);
            }
        }
    }

    private sealed class ImpatientService : Talk.TalkBase
    {
        public override async Task<EchoReply> Listen(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
        {
            for (var heard = 0; await requestStream.MoveNext() && heard < requestStream.Current.Count; heard++)
            {
                // Patient so far.
            }

            throw new RpcException(new Status(StatusCode.FailedPrecondition, "assez"));
        }
    }
}
