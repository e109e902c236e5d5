using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using Grpc.Core;

namespace SecondOpinion.Tests.Interop;

/// <summary>What our server answers to requests that no gRPC client would send.</summary>
public sealed class MalformedRequestTests(Matrix matrix) : IDisposable
{
    private const string Path = "/secondopinion.interop.v1.Echo/Unary";

    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };

    public void Dispose() => http.Dispose();

    [Theory]
    [InlineData("nothing", "", StatusCode.Internal)]
    [InlineData("half a prefix", "0000", StatusCode.Internal)]
    [InlineData("truncated message", "00000000050a01", StatusCode.Internal)]
    [InlineData("prefix too short for its message", "00000000010a0141", StatusCode.Internal)]
    [InlineData("two messages", "00000000000000000000", StatusCode.Internal)]
    [InlineData("compressed flag without encoding", "0100000000", StatusCode.Internal)]
    [InlineData("unknown flag", "0200000000", StatusCode.Internal)]
    [InlineData("length beyond the limit", "007fffffff", StatusCode.ResourceExhausted)]
    [InlineData("length beyond 31 bits", "00ffffffff", StatusCode.ResourceExhausted)]
    [InlineData("not protobuf", "0000000002ffff", StatusCode.Internal)]
    public async Task A_malformed_body_has_its_status(string what, string body, StatusCode expected)
    {
        var (_, status, _) = await PostAsync(Convert.FromHexString(body));

        status.ShouldBe(expected, what);
    }

    [Fact]
    public async Task An_unknown_encoding_is_unimplemented_and_told_the_known_ones()
    {
        var (response, status, _) = await PostAsync(new byte[5], encoding: "brotli");

        status.ShouldBe(StatusCode.Unimplemented);
        response.Headers.GetValues("grpc-accept-encoding").Single().ShouldBe("identity,gzip,deflate");
    }

    [Fact]
    public async Task Gzip_that_is_none_is_an_internal_error()
    {
        var (_, status, _) = await PostAsync([1, 0, 0, 0, 3, 1, 2, 3], encoding: "gzip");

        status.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task A_small_message_that_unfolds_beyond_the_limit_exhausts_the_receiver()
    {
        using var folded = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(folded, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(new byte[50 * 1024 * 1024]);
        }

        byte[] prefix = [1, .. Http2Socket.Number((uint)folded.Length)];
        var (_, status, _) = await PostAsync([.. prefix, .. folded.ToArray()], encoding: "gzip");

        status.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpcurl")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Another_content_type_is_refused_over_http(string? contentType)
    {
        var (response, _, _) = await PostAsync(new byte[5], contentType: contentType);

        response.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc;charset=utf-8")]
    public async Task The_content_type_may_name_the_format(string contentType)
    {
        var (_, status, _) = await PostAsync(new byte[5], contentType: contentType);

        status.ShouldBe(StatusCode.OK);
    }

    [Theory]
    [InlineData("/secondopinion.interop.v1.Echo/Missing")]
    [InlineData("/no.such.Service/Method")]
    public async Task An_unknown_method_is_unimplemented(string path)
    {
        var (response, status, detail) = await PostAsync(new byte[5], path: path);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        status.ShouldBe(StatusCode.Unimplemented);
        detail.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("100000000000S")]
    [InlineData("-5S")]
    [InlineData("5")]
    public async Task A_timeout_nobody_can_read_is_no_timeout(string timeout)
    {
        var (_, status, _) = await PostAsync(new byte[5], timeout: timeout);

        status.ShouldBe(StatusCode.OK);
    }

    [Theory]
    [InlineData("1n")]
    [InlineData("1u")]
    [InlineData("99999999H")]
    public async Task Every_unit_of_timeout_is_read(string timeout)
    {
        var (_, status, _) = await PostAsync(new byte[5], timeout: timeout);

        // The short ones may or may not have passed before the answer.
        status.ShouldBeOneOf(StatusCode.OK, StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task A_message_in_single_byte_frames_is_put_together()
    {
        using var connection = await Http2Socket.ConnectAsync(matrix.Us.Address);
        await connection.OpenAsync();
        await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders, 1, RequestHeaders());
        byte[] body = [0, 0, 0, 0, 4, 0x0a, 2, (byte)'o', (byte)'k'];
        foreach (var octet in body)
        {
            await connection.SendAsync(Frame.Data, 0, 1, [octet]);
        }

        await connection.SendAsync(Frame.Data, Http2Socket.EndStream, 1, []);

        var reply = (await connection.ReadAsync(Frame.Data)).ShouldNotBeNull().Payload;
        reply.ShouldBe(body);
    }

    [Fact]
    public async Task A_ping_is_answered_during_a_call()
    {
        using var connection = await Http2Socket.ConnectAsync(matrix.Us.Address);
        await connection.OpenAsync();
        await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders, 1, RequestHeaders());
        await connection.SendAsync(Frame.Ping, 0, 0, "keepaliv"u8.ToArray());

        var (flags, _, payload) = (await connection.ReadAsync(Frame.Ping)).ShouldNotBeNull();

        flags.ShouldBe(Http2Socket.Ack);
        payload.ShouldBe("keepaliv"u8.ToArray());
    }

    [Fact]
    public async Task A_thousand_random_frames_harm_nobody_else()
    {
        // The seed makes a failure repeatable.
        var random = new Random(20261122);
        var connections = 0;
        for (var sent = 0; sent < 1000;)
        {
            using var connection = await Http2Socket.ConnectAsync(matrix.Us.Address);
            await connection.OpenAsync();
            connections++;

            // One call under way, so that frames of its stream have something to break.
            await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders, 1, RequestHeaders());
            try
            {
                for (var frames = random.Next(1, 20); frames > 0 && sent < 1000; frames--, sent++)
                {
                    var payload = new byte[random.Next(0, 40)];
                    random.NextBytes(payload);
                    await connection.SendRawAsync(Http2Socket.Encode(
                        (byte)random.Next(0, 12), (byte)random.Next(0, 256), random.Next(0, 4), payload));
                }
            }
            catch (System.Net.Sockets.SocketException)
            {
                // The server has seen enough of this connection.
            }
        }

        connections.ShouldBeGreaterThan(50);
        var (_, status, _) = await PostAsync(new byte[5]);
        status.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task Random_messages_are_answered_never_left()
    {
        var random = new Random(20261123);
        for (var i = 0; i < 300; i++)
        {
            var body = new byte[random.Next(0, 64)];
            random.NextBytes(body);
            if (i % 2 == 0 && body.Length >= 5)
            {
                // A right prefix, so that the rest reaches the parser.
                byte[] prefix = [0, .. Http2Socket.Number((uint)(body.Length - 5))];
                prefix.CopyTo(body, 0);
            }

            var (response, status, _) = await PostAsync(body);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            status.ShouldNotBe((StatusCode)(-1));
            status.ShouldNotBe(StatusCode.Unknown);
        }
    }

    private byte[] RequestHeaders() => Http2Socket.Block(
        (":method", "POST"), (":scheme", "http"), (":path", Path), (":authority", matrix.Us.Authority), ("te", "trailers"),
        ("content-type", "application/grpc"));

    private async Task<(HttpResponseMessage Response, StatusCode Status, string? Detail)> PostAsync(
        byte[] body, string? contentType = "application/grpc", string? encoding = null, string? timeout = null, string path = Path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, matrix.Us.Address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (contentType is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        }

        if (encoding is not null)
        {
            request.Headers.Add("grpc-encoding", encoding);
        }

        if (timeout is not null)
        {
            request.Headers.Add("grpc-timeout", timeout);
        }

        var response = await http.SendAsync(request);
        string? Header(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var trailing) ? trailing.Single()
            : response.Headers.TryGetValues(name, out var leading) ? leading.Single()
            : null;
        var status = int.Parse(Header("grpc-status") ?? "-1", System.Globalization.CultureInfo.InvariantCulture);
        return (response, (StatusCode)status, Header("grpc-message"));
    }
}
