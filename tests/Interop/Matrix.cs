using Grpc.Net.Client;
using SecondOpinion.Tests.Interop;

[assembly: AssemblyFixture(typeof(Matrix))]

namespace SecondOpinion.Tests.Interop;

/// <summary>Who calls whom. The official implementation is on one side, and then on the other.</summary>
public enum Pair
{
    NodeCallsUs,
    WeCallNode,
}

/// <summary>Both servers and both clients, started once for all tests.</summary>
public sealed class Matrix : IAsyncLifetime
{
    private GrpcChannel toNode = null!;
    private EchoServer us = null!;
    private Peer node = null!;

    public async ValueTask InitializeAsync()
    {
        us = await EchoServer.StartAsync();
        node = await Peer.StartAsync();
        toNode = GrpcChannel.ForAddress($"http://127.0.0.1:{(await node.SendAsync<Port>("serve", new { })).Value}");
    }

    public async ValueTask DisposeAsync()
    {
        toNode.Dispose();
        await us.DisposeAsync();
        await node.DisposeAsync();
    }

    internal Task<Outcome> RunAsync(Pair pair, Call call) => pair switch
    {
        Pair.NodeCallsUs => node.SendAsync<Outcome>("run", call with { Address = us.Authority }),
        _ => OwnClient.RunAsync(toNode, call),
    };

    /// <summary>How often the server of the pair saw a call of that name being cancelled.</summary>
    internal async Task<int> CancelledAsync(Pair pair, string name) => pair == Pair.WeCallNode
        ? (await node.SendAsync<Observed>("observed", new { name })).Count
        : EchoService.Cancelled.GetValueOrDefault(name);

    internal sealed record Port([property: System.Text.Json.Serialization.JsonPropertyName("port")] int Value);

    private sealed record Observed(int Count);
}
