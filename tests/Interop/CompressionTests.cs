using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>gzip both ways, with the official implementation on either side, and what happens when one side cannot.</summary>
public sealed class CompressionTests(Matrix matrix)
{
    /// <summary>grpc-js: compress with gzip.</summary>
    private static readonly Dictionary<string, object> NodeGzip = new() { ["grpc.default_compression_algorithm"] = 2 };

    [Theory]
    [InlineData("unary")]
    [InlineData("server")]
    [InlineData("client")]
    [InlineData("duplex")]
    public async Task Node_and_our_server_compress_for_each_other(string kind)
    {
        var requestEncodings = new List<string>();
        await using var server = await EchoServer.StartAsync(
            options =>
            {
                options.ResponseCompressionAlgorithm = "gzip";
                options.ResponseCompressionLevel = CompressionLevel.SmallestSize;
            },
            map: app => app.Use(async (HttpContext context, RequestDelegate next) =>
            {
                requestEncodings.Add(context.Request.Headers["grpc-encoding"].ToString());
                await next(context);
                context.Response.Headers["grpc-encoding"].ToString().ShouldBe("gzip");
            }));

        var outcome = await matrix.Node.SendAsync<Outcome>(
            "run", new Call(kind) { Address = server.Authority, Options = NodeGzip, Text = "é", Count = 3, Size = 100_000, MessageSize = 100_000 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Text.ShouldBe("é");
        (outcome.Bytes + outcome.Total).ShouldBe(kind is "unary" ? 100_000 : 300_000);
        requestEncodings.ShouldBe(["gzip"]);
    }

    [Theory]
    [InlineData("unary")]
    [InlineData("server")]
    [InlineData("client")]
    [InlineData("duplex")]
    public async Task Our_client_and_node_compress_for_each_other(string kind)
    {
        var port = await matrix.Node.SendAsync<Matrix.Port>("serve", new { options = NodeGzip });
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port.Value}");

        var outcome = await OwnClient.RunAsync(
            channel, new Call(kind) { Gzip = true, Text = "é", Count = 3, Size = 100_000, MessageSize = 100_000 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Text.ShouldBe("é");
        (outcome.Bytes + outcome.Total).ShouldBe(kind is "unary" ? 100_000 : 300_000);
    }

    [Fact]
    public async Task A_caller_that_reads_no_gzip_is_sent_none()
    {
        await using var server = await EchoServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var http = new System.Net.Http.HttpClient();
        using var request = new System.Net.Http.HttpRequestMessage(
            System.Net.Http.HttpMethod.Post, server.Address + "/secondopinion.interop.v1.Echo/Unary")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = System.Net.Http.HttpVersionPolicy.RequestVersionExact,
            Content = new System.Net.Http.ByteArrayContent([0, 0, 0, 0, 0]),
        };
        request.Headers.Add("grpc-accept-encoding", "identity, deflate");
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");

        var response = await http.SendAsync(request);

        response.Headers.Contains("grpc-encoding").ShouldBeFalse();
        (await response.Content.ReadAsByteArrayAsync())[0].ShouldBe((byte)0);
    }

    [Fact]
    public async Task A_single_message_may_stay_uncompressed()
    {
        await using var server = await EchoServer.StartAsync(
            options => options.ResponseCompressionAlgorithm = "gzip", map: app => app.MapGrpcService<PlainService>());
        using var channel = GrpcChannel.ForAddress(server.Address);

        (await new Scope.ScopeClient(channel).WhoAsync(new EchoRequest())).Text.ShouldBe("plain");
    }

    [Theory]
    [InlineData("deflate", StatusCode.OK)]
    [InlineData("brotli", StatusCode.Internal)]
    public async Task The_caller_names_the_encoding_of_its_requests(string encoding, StatusCode expected)
    {
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);
        var headers = new Metadata { { "grpc-internal-encoding-request", encoding } };

        using var call = new Echo.EchoClient(channel).UnaryAsync(new EchoRequest { Text = new string('a', 1000) }, headers);
        try
        {
            (await call).Text.Length.ShouldBe(1000);
        }
        catch (RpcException ex)
        {
            ex.StatusCode.ShouldBe(expected);
        }

        call.GetStatus().StatusCode.ShouldBe(expected);
    }

    private sealed class PlainService : Scope.ScopeBase
    {
        public override Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            return Task.FromResult(new EchoReply { Text = "plain" });
        }
    }
}
