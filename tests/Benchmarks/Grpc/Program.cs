using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.Bench.Grpc;
using SecondOpinion.Interop.V1;
using SecondOpinion.Tests.Interop;

// ./bench grpc: the same exchange in gRPC, in JSON over HTTP/2 on the same Kestrel, and by the official implementation for Node, in one run.
if (args.Contains(BenchServer.Argument))
{
    await BenchServer.RunAsync();
    return 0;
}

var quick = args.Contains("--quick");
const int Callers = 32;
const int Streams = 4;
const string Text = "a line of text about as long as the fields of an ordinary message";
var rounds = quick ? 5 : 15;
var roundTime = TimeSpan.FromSeconds(quick ? 1 : 2);
var streamed = quick ? 20_000 : 50_000;

var (process, address) = await BenchServer.StartAsync();
using var server = process;
using var channel = GrpcChannel.ForAddress(address);
var grpc = new Echo.EchoClient(channel);
using var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false })
{
    BaseAddress = new Uri(address),
    DefaultRequestVersion = HttpVersion.Version20,
    DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
};

var request = new EchoRequest { Text = Text };
var jsonRequest = new JsonMessage(Text, 0);
async Task Grpc() => await grpc.UnaryAsync(request);
async Task GrpcWithDeadline() => await grpc.UnaryAsync(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10));
async Task Json()
{
    using var response = await http.PostAsJsonAsync("/json/unary", jsonRequest, BenchJson.Default.JsonMessage);
    await response.Content.ReadFromJsonAsync(BenchJson.Default.JsonMessage);
}

Task<int> GrpcStream() => ReadStream(new EchoRequest { Text = Text, Count = streamed });
Task<int> BufferedStream() => ReadStream(new EchoRequest { Text = Text, Count = streamed, Size = 1 });
async Task<int> ReadStream(EchoRequest wanted)
{
    using var call = grpc.ServerStream(wanted);
    var count = 0;
    await foreach (var _ in call.ResponseStream.ReadAllAsync())
    {
        count++;
    }

    return count;
}

async Task<int> JsonStream()
{
    var count = 0;
    var uri = $"/json/stream?count={streamed}&text={Uri.EscapeDataString(Text)}";
    await foreach (var _ in http.GetFromJsonAsAsyncEnumerable(uri, BenchJson.Default.JsonMessage))
    {
        count++;
    }

    return count;
}

Console.WriteLine($"{Callers} callers on one connection; client and server share {Environment.ProcessorCount} cores; "
    + $"{rounds} rounds of {roundTime.TotalSeconds:0.#} s each, in turn.");
var contestants = new (string Name, Func<Task> Call, Tally Tally)[]
{
    ("grpc", Grpc, new()), ("grpc with deadline", GrpcWithDeadline, new()), ("json", Json, new()),
};
foreach (var (_, call, _) in contestants)
{
    // Long enough for the compiler's second tier.
    await Load.RunAsync(Callers, TimeSpan.FromSeconds(2.5), call);
}

var allocated = new Dictionary<string, double>();
for (var round = 0; round < rounds; round++)
{
    // Each goes first in turn: whoever follows finds the garbage of the other.
    for (var turn = 0; turn < contestants.Length; turn++)
    {
        var (name, call, tally) = contestants[(round + turn) % contestants.Length];
        var before = await AllocatedAsync();
        var watch = Stopwatch.StartNew();
        var latencies = await Load.RunAsync(Callers, roundTime, call);
        tally.Add(latencies, watch.Elapsed.TotalSeconds);
        allocated[name] = allocated.GetValueOrDefault(name) + await AllocatedAsync() - before;
    }
}

var grpcStreams = new List<double>();
var bufferedStreams = new List<double>();
var jsonStreams = new List<double>();
const int WarmUps = 2;
for (var round = -WarmUps; round < 7; round++)
{
    foreach (var (stream, rates) in new[] { (GrpcStream, grpcStreams), ((Func<Task<int>>)BufferedStream, bufferedStreams), (JsonStream, jsonStreams) })
    {
        var rate = await StreamsAsync(stream);
        if (round >= 0)
        {
            rates.Add(rate);
        }
    }
}

var message = double.Parse(await http.GetStringAsync($"/message?text={Uri.EscapeDataString(Text)}"), CultureInfo.InvariantCulture);
server.StandardInput.Close();
await server.WaitForExitAsync();

var node = new Tally();
var nodeStreams = new List<double>();
await using (var nodeServer = await Peer.StartAsync())
await using (var nodeClient = await Peer.StartAsync())
{
    var port = (await nodeServer.SendAsync<JsonElement>("serve", new { })).GetProperty("port").GetInt32();
    var target = $"127.0.0.1:{port}";
    await nodeClient.SendAsync<JsonElement>("load", new { address = target, callers = Callers, seconds = 2, size = Text.Length });
    var seconds = roundTime.TotalSeconds * 3;
    var result = await nodeClient.SendAsync<JsonElement>("load", new { address = target, callers = Callers, seconds, size = Text.Length });
    node.Add(result.GetProperty("calls").GetDouble() / seconds, result.GetProperty("p50").GetDouble(), result.GetProperty("p99").GetDouble());
    for (var round = 0; round < 3; round++)
    {
        var stream = await nodeClient.SendAsync<JsonElement>("loadStream", new { address = target, count = streamed, text = Text });
        nodeStreams.Add(stream.GetProperty("count").GetDouble() / stream.GetProperty("seconds").GetDouble());
    }
}

double PerCall(string name) => allocated[name] / contestants.Single(one => one.Name == name).Tally.Calls;
var (own, withDeadline, json) = (contestants[0].Tally, contestants[1].Tally, contestants[2].Tally);
var (ownStream, bufferedStream) = (Load.Percentile(grpcStreams, 0.5), Load.Percentile(bufferedStreams, 0.5));
var (jsonStream, nodeStream) = (Load.Percentile(jsonStreams, 0.5), Load.Percentile(nodeStreams, 0.5));

Console.WriteLine();
Console.WriteLine($"{"unary",-22}{"calls/s",12}{"p50 µs",10}{"p99 µs",10}{"server B/call",16}{"beyond message",16}");
Row("gRPC", own, PerCall("grpc"), PerCall("grpc") - message);
Row("gRPC with deadline", withDeadline, PerCall("grpc with deadline"), PerCall("grpc with deadline") - message);
Row("JSON over HTTP/2", json, PerCall("json"), null);
Row("grpc-js to grpc-js", node, null, null);
Console.WriteLine();
Console.WriteLine($"{"server stream",-22}{"messages/s",12}");
Console.WriteLine($"{"gRPC",-22}{ownStream,12:N0}   each message is sent at once");
Console.WriteLine($"{"gRPC, buffer hint",-22}{bufferedStream,12:N0}   messages wait for one another, as JSON's do");
Console.WriteLine($"{"JSON over HTTP/2",-22}{jsonStream,12:N0}");
Console.WriteLine($"{"grpc-js to grpc-js",-22}{nodeStream,12:N0}");

var figures = new Dictionary<string, double>
{
    ["unary_calls_per_s"] = own.PerSecond,
    ["unary_p50_us"] = own.P50Microseconds,
    ["unary_p99_us"] = own.P99Microseconds,
    ["unary_with_deadline_calls_per_s"] = withDeadline.PerSecond,
    ["unary_with_deadline_p50_us"] = withDeadline.P50Microseconds,
    ["unary_with_deadline_p99_us"] = withDeadline.P99Microseconds,
    ["server_allocated_per_call_bytes"] = PerCall("grpc"),
    ["server_allocated_beyond_message_bytes"] = PerCall("grpc") - message,
    ["server_allocated_beyond_message_with_deadline_bytes"] = PerCall("grpc with deadline") - message,
    ["json_unary_calls_per_s"] = json.PerSecond,
    ["json_unary_p50_us"] = json.P50Microseconds,
    ["json_unary_p99_us"] = json.P99Microseconds,
    ["json_server_allocated_per_call_bytes"] = PerCall("json"),
    ["grpc_js_unary_calls_per_s"] = node.PerSecond,
    ["grpc_js_unary_p50_us"] = node.P50Microseconds,
    ["grpc_js_unary_p99_us"] = node.P99Microseconds,
    ["stream_messages_per_s"] = ownStream,
    ["stream_buffered_messages_per_s"] = bufferedStream,
    ["json_stream_messages_per_s"] = jsonStream,
    ["grpc_js_stream_messages_per_s"] = nodeStream,
    ["ratio_vs_json"] = own.PerSecond / json.PerSecond,
    ["ratio_vs_grpc_js"] = own.PerSecond / node.PerSecond,
    ["stream_ratio_vs_json"] = ownStream / jsonStream,
    ["stream_buffered_ratio_vs_json"] = bufferedStream / jsonStream,
    ["stream_ratio_vs_grpc_js"] = ownStream / nodeStream,
};
Console.WriteLine();
Console.WriteLine(
    $"gRPC makes {figures["ratio_vs_json"]:0.00} times the unary calls of JSON and {figures["ratio_vs_grpc_js"]:0.0} times those of grpc-js.");
Directory.CreateDirectory("artifacts/bench");
await File.WriteAllTextAsync("artifacts/bench/grpc.json", JsonSerializer.Serialize(
    new { name = "grpc", figures = figures.ToDictionary(one => one.Key, one => Math.Round(one.Value, 3)) },
    new JsonSerializerOptions { WriteIndented = true }));
return 0;

async Task<double> AllocatedAsync() => double.Parse(await http.GetStringAsync("/allocated"), CultureInfo.InvariantCulture);

async Task<double> StreamsAsync(Func<Task<int>> stream)
{
    var watch = Stopwatch.StartNew();
    var counts = await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => Task.Run(stream)));
    return counts.Sum() / watch.Elapsed.TotalSeconds;
}

static void Row(string name, Tally tally, double? bytes, double? beyond) => Console.WriteLine(
    $"{name,-22}{tally.PerSecond,12:N0}{tally.P50Microseconds,10:N0}{tally.P99Microseconds,10:N0}{bytes,16:N0}{beyond,16:N0}");
