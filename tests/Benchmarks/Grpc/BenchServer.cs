using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Bench.Grpc;

internal sealed record JsonMessage(string Text, int Index);

[JsonSerializable(typeof(JsonMessage))]
[JsonSerializable(typeof(IAsyncEnumerable<JsonMessage>))]
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
internal sealed partial class BenchJson : JsonSerializerContext;

/// <summary>
/// One Kestrel, HTTP/2 without TLS, that answers the same questions in gRPC and in JSON. A process of its own, so that what it allocates is its own.
/// </summary>
internal static class BenchServer
{
    public const string Argument = "server";

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, BenchJson.Default));
        await using var app = builder.Build();
        app.MapGrpcService<BenchService>();
        app.MapPost("/json/unary", (JsonMessage message) => new JsonMessage(message.Text, 1));
        app.MapGet("/json/stream", (int count, string text) => Messages(count, text));
        app.MapGet("/allocated", () => GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture));
        app.MapGet("/message", (string text) => MessageBytes(text).ToString(CultureInfo.InvariantCulture));
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());

        // The parent closes our input when it is done, or when it dies.
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    public static async Task<(Process Process, string Address)> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { typeof(BenchServer).Assembly.Location, Argument },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return (process, (await process.StandardOutput.ReadLineAsync())!);
    }

    /// <summary>What the two messages of a call allocate by themselves: they are the service's business, not the transport's.</summary>
    private static long MessageBytes(string text)
    {
        const int times = 1000;
        var bytes = new EchoRequest { Text = text }.ToByteArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times; i++)
        {
            var request = EchoRequest.Parser.ParseFrom(new System.Buffers.ReadOnlySequence<byte>(bytes));
            GC.KeepAlive(new EchoReply { Text = request.Text, Index = 1 });
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / times;
    }

    private static async IAsyncEnumerable<JsonMessage> Messages(int count, string text)
    {
        for (var index = 0; index < count; index++)
        {
            yield return new JsonMessage(text, index);
        }

        await Task.CompletedTask;
    }

    private sealed class BenchService : Echo.EchoBase
    {
        public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context) =>
            Task.FromResult(new EchoReply { Text = request.Text, Index = 1 });

        public override async Task ServerStream(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
        {
            // As a size of 1 the caller asks for what JSON's streams do by themselves: messages wait for one another.
            responseStream.WriteOptions = new WriteOptions(request.Size == 1 ? WriteFlags.BufferHint : default);
            for (var index = 0; index < request.Count; index++)
            {
                await responseStream.WriteAsync(new EchoReply { Text = request.Text, Index = index });
            }
        }
    }
}
