using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>The server's half of the tests, as the Node peer has it too.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    /// <summary>Calls that were cancelled while the server served them, by the text of their request.</summary>
    public static readonly ConcurrentDictionary<string, int> Cancelled = new();

    public override async Task<EchoReply> Unary(EchoRequest request, ServerCallContext context)
    {
        AnswerMetadata(context);
        await context.WriteResponseHeadersAsync(Answers(context));
        if (request.Hang)
        {
            await HangAsync(request.Text, context);
        }

        return request.FailWith != 0
            ? throw Failure(request)
            : new EchoReply { Text = request.Text, Body = request.Body };
    }

    public override Task<EchoReply> Read(EchoRequest request, ServerCallContext context) => Unary(request, context);

    public override async Task ServerStream(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        AnswerMetadata(context);
        await context.WriteResponseHeadersAsync(Answers(context));
        using var registration = context.CancellationToken.Register(() => Note(Cancelled, request.Text));
        var body = ByteString.CopyFrom(new byte[request.Size]);
        for (var index = 0; index < request.Count; index++)
        {
            await responseStream.WriteAsync(new EchoReply { Text = request.Text, Body = body, Index = index }, context.CancellationToken);
        }

        if (request.Hang)
        {
            await HangAsync(request.Text, context);
        }

        if (request.FailWith != 0)
        {
            throw Failure(request);
        }
    }

    public override async Task<EchoReply> ClientStream(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
    {
        var reply = new EchoReply();
        await foreach (var request in requestStream.ReadAllAsync())
        {
            reply.Index++;
            reply.Total += request.Body.Length;
            reply.Text = request.Text;
        }

        return reply;
    }

    public override async Task Duplex(
        IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        var name = "duplex";
        var index = 0;
        var hangs = false;
        try
        {
            await foreach (var request in requestStream.ReadAllAsync())
            {
                (name, hangs) = (request.Text, request.Hang);
                await responseStream.WriteAsync(new EchoReply { Text = request.Text, Body = request.Body, Index = index++ });
            }
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException)
        {
            Note(Cancelled, name);
            throw;
        }

        // Node ends a stream before it resets it: the end may be seen first.
        if (hangs)
        {
            await HangAsync(name, context);
        }
    }

    private static void Note(ConcurrentDictionary<string, int> notes, string name) => notes.AddOrUpdate(name, 1, (_, count) => count + 1);

    private static Metadata Answers(ServerCallContext context)
    {
        var answers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key is "x-echo" or "x-echo-bin"))
        {
            answers.Add(entry);
        }

        return answers;
    }

    private static void AnswerMetadata(ServerCallContext context) => Answers(context).ToList().ForEach(context.ResponseTrailers.Add);

    private static RpcException Failure(EchoRequest request) => new(new Status((StatusCode)request.FailWith, request.FailDetail));

    private static async Task HangAsync(string name, ServerCallContext context)
    {
        var cancelled = new TaskCompletionSource();
        using var registration = context.CancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
        Note(Cancelled, name);
        throw new OperationCanceledException(context.CancellationToken);
    }
}
