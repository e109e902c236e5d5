using Grpc.Net.Client;

[assembly: AssemblyFixture(typeof(SecondOpinion.Tests.Interop.Matrix))]

namespace SecondOpinion.Tests.Interop;

/// <summary>Who calls whom. The official implementation is on one side, and then on the other.</summary>
public enum Pair
{
    NodeCallsUs,
    WeCallNode,
    WeCallUs,
}

/// <summary>Both servers and both clients, started once for all tests.</summary>
public sealed class Matrix : IAsyncLifetime
{
    private GrpcChannel toNode = null!;
    private GrpcChannel toUs = null!;

    internal Peer Node { get; private set; } = null!;

    internal EchoServer Us { get; private set; } = null!;

    private int NodePort { get; set; }

    public async ValueTask InitializeAsync()
    {
        Us = await EchoServer.StartAsync(options => options.ResponseCompressionAlgorithm = null);
        Node = await Peer.StartAsync();
        NodePort = (await Node.SendAsync<Port>("serve", new { })).Value;
        toNode = GrpcChannel.ForAddress($"http://127.0.0.1:{NodePort}");
        toUs = GrpcChannel.ForAddress(Us.Address);
    }

    public async ValueTask DisposeAsync()
    {
        toNode.Dispose();
        toUs.Dispose();
        await Us.DisposeAsync();
        await Node.DisposeAsync();
    }

    internal Task<Outcome> RunAsync(Pair pair, Call call) => pair switch
    {
        Pair.NodeCallsUs => Node.SendAsync<Outcome>("run", call with { Address = Us.Authority }),
        Pair.WeCallNode => OwnClient.RunAsync(toNode, call),
        _ => OwnClient.RunAsync(toUs, call),
    };

    /// <summary>How often the server of the pair saw a call of that name being cancelled.</summary>
    internal async Task<int> CancelledAsync(Pair pair, string name) => pair == Pair.WeCallNode
        ? (await Node.SendAsync<Observed>("observed", new { name })).Count
        : EchoService.Cancelled.GetValueOrDefault(name);

    internal sealed record Port([property: System.Text.Json.Serialization.JsonPropertyName("port")] int Value);

    private sealed record Observed(int Count);
}
