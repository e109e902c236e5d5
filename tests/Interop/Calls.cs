using System.Text.Json.Serialization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>A call as either client makes it.</summary>
internal sealed record Call(string Kind)
{
    public string Address { get; init; } = "";

    public string Text { get; init; } = "";

    /// <summary>Bytes in the body of each request.</summary>
    public int Size { get; init; }

    /// <summary>Messages to send, or to be sent by the server.</summary>
    public int Count { get; init; }

    /// <summary>Bytes in each message of a server stream.</summary>
    public int MessageSize { get; init; }

    public int FailWith { get; init; }

    public string FailDetail { get; init; } = "";

    public bool Hang { get; init; }

    /// <summary>Milliseconds; 0 for none.</summary>
    public int Deadline { get; init; }

    /// <summary>Cancel once that many answers have come; 0 for never.</summary>
    public int CancelAfter { get; init; }

    /// <summary>Values of keys that end in -bin are base64.</summary>
    public Dictionary<string, string> Metadata { get; init; } = [];
}

/// <summary>All that a client sees of a call.</summary>
internal sealed record Outcome
{
    public int Code { get; set; } = -1;

    public string Details { get; set; } = "";

    public Dictionary<string, string> Headers { get; set; } = [];

    public Dictionary<string, string> Trailers { get; set; } = [];

    public int Count { get; set; }

    public long Bytes { get; set; }

    public string Text { get; set; } = "";

    public int Index { get; set; }

    public long Total { get; set; }

    public bool InOrder { get; set; } = true;

    [JsonIgnore]
    public StatusCode Status => (StatusCode)Code;
}

/// <summary>Our client, seen as the Node one is.</summary>
internal static class OwnClient
{
    public static async Task<Outcome> RunAsync(GrpcChannel channel, Call call)
    {
        using var cancellation = new CancellationTokenSource();
        var client = new Echo.EchoClient(channel);
        var outcome = new Outcome();
        var options = new CallOptions(
            HeadersOf(call), call.Deadline == 0 ? null : TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(call.Deadline),
            cancellation.Token);
        var request = new EchoRequest
        {
            Text = call.Text,
            Body = ByteString.CopyFrom(new byte[call.Size]),
            Count = call.Count,
            Size = call.MessageSize,
            FailWith = call.FailWith,
            FailDetail = call.FailDetail,
            Hang = call.Hang,
        };
        void Take(EchoReply reply)
        {
            outcome.InOrder &= call.Kind != "server" || reply.Index == outcome.Count;
            outcome.Count++;
            outcome.Bytes += reply.Body.Length;
            (outcome.Text, outcome.Index, outcome.Total) = (reply.Text, reply.Index, reply.Total);
            if (outcome.Count == call.CancelAfter)
            {
                cancellation.Cancel();
            }
        }

        async Task WriteAsync(IClientStreamWriter<EchoRequest> requests)
        {
            for (var sent = 0; sent < call.Count; sent++)
            {
                await requests.WriteAsync(new EchoRequest { Text = call.Text, Body = request.Body, Hang = call.Hang });
            }

            if (!call.Hang)
            {
                await requests.CompleteAsync();
            }
        }

        async Task End(Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Task? work)
        {
            try
            {
                outcome.Headers = Flatten(await headers);
                await (work ?? Task.CompletedTask);
            }
            catch (RpcException ex)
            {
                ex.StatusCode.ShouldNotBe(StatusCode.OK);
            }

            outcome.Code = (int)status().StatusCode;
            outcome.Details = status().Detail;
            // A call that was ended on this side has none, and asking for them is refused.
            outcome.Trailers = status().StatusCode == StatusCode.OK ? Flatten(trailers()) : [];
        }

        async Task ReadAsync(IAsyncStreamReader<EchoReply> responses)
        {
            await foreach (var reply in responses.ReadAllAsync())
            {
                Take(reply);
            }
        }

        switch (call.Kind)
        {
            case "unary":
                using (var unary = client.UnaryAsync(request, options))
                {
                    await End(unary.ResponseHeadersAsync, unary.GetStatus, unary.GetTrailers, TakeAsync(unary.ResponseAsync));
                }

                break;
            case "server":
                using (var server = client.ServerStream(request, options))
                {
                    await End(server.ResponseHeadersAsync, server.GetStatus, server.GetTrailers, ReadAsync(server.ResponseStream));
                }

                break;
            case "client":
                using (var stream = client.ClientStream(options))
                {
                    var written = WriteAsync(stream.RequestStream);
                    await End(Task.FromResult<Metadata>([]), stream.GetStatus, stream.GetTrailers, TakeAsync(stream.ResponseAsync));
                    await Settle(written);
                }

                break;
            default:
                using (var duplex = client.Duplex(options))
                {
                    var written = WriteAsync(duplex.RequestStream);
                    await End(Task.FromResult<Metadata>([]), duplex.GetStatus, duplex.GetTrailers, ReadAsync(duplex.ResponseStream));
                    await Settle(written);
                }

                break;
        }

        return outcome;

        async Task TakeAsync(Task<EchoReply> reply) => Take(await reply);
    }

    public static Dictionary<string, string> Flatten(Metadata metadata) => metadata
        .GroupBy(entry => entry.Key)
        .ToDictionary(group => group.Key, group => group.First().IsBinary ? Convert.ToBase64String(group.First().ValueBytes) : group.First().Value);

    /// <summary>Writing to a call that has ended fails with the call's status, which the outcome holds already.</summary>
    private static async Task Settle(Task written)
    {
        try
        {
            await written;
        }
        catch (RpcException ex)
        {
            ex.StatusCode.ShouldNotBe(StatusCode.OK);
        }
    }

    private static Metadata HeadersOf(Call call)
    {
        var headers = new Metadata();
        foreach (var (key, value) in call.Metadata)
        {
            if (key.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
            {
                headers.Add(key, Convert.FromBase64String(value));
            }
            else
            {
                headers.Add(key, value);
            }
        }

        return headers;
    }
}
