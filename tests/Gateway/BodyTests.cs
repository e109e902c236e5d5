using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class BodyTests : IAsyncLifetime
{
    private const int Megabyte = 1 << 20;
    private readonly string _patient = TestTokens.Patient(Guid.CreateVersion7());
    private GatewayUnderTest _gateway = null!;

    public async ValueTask InitializeAsync() =>
        _gateway = await GatewayUnderTest.Start(new() { ["Gateway:DocumentBytes"] = (64 * Megabyte).ToString(CultureInfo.InvariantCulture) });

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData(Megabyte + 1, true)]
    [InlineData(Megabyte + 1, false)]
    [InlineData(300 * Megabyte, true)]
    [InlineData(300 * Megabyte, false)]
    public async Task Json_that_is_too_large_is_a_413_and_reaches_no_service(int bytes, bool declared)
    {
        var response = await Send(HttpMethod.Post, "/api/v1/cases", bytes, declared, "application/json");
        await response.Problem(413, "REQ-0007");
        _gateway["intake"].Requests.ShouldBe(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Json_of_exactly_the_limit_passes_unchanged(bool declared)
    {
        var echo = await (await Send(HttpMethod.Put, "/api/v1/cases/1/answers", Megabyte, declared, "application/json")).Echo();
        echo.BodyLength.ShouldBe(Megabyte);
        echo.BodySha256.ShouldBe(Pattern.Sha256(Megabyte));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_document_streams_through_whole(bool declared)
    {
        var echo = await (await Send(HttpMethod.Post, "/api/v1/cases/1/documents?x=1", 60 * Megabyte, declared, "application/octet-stream")).Echo();
        echo.BodyLength.ShouldBe(60 * Megabyte);
        echo.BodySha256.ShouldBe(Pattern.Sha256(60 * Megabyte));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_document_over_its_own_limit_is_a_413(bool declared)
    {
        foreach (var bytes in (int[])[(64 * Megabyte) + 1, 200 * Megabyte])
        {
            var response = await Send(HttpMethod.Post, "/api/v1/cases/1/documents", bytes, declared, "application/octet-stream");
            await response.Problem(413, "REQ-0007");
        }
    }

    [Fact]
    public async Task A_large_body_on_a_documents_neighbour_is_judged_by_the_small_limit()
    {
        await (await Send(HttpMethod.Put, "/api/v1/cases/1/documents", 2 * Megabyte, true, "application/json")).Problem(413, "REQ-0007");
        await (await Send(HttpMethod.Post, "/api/v1/cases/1/documents/more", 2 * Megabyte, true, "application/json")).Problem(413, "REQ-0007");
    }

    /// <summary>A caller on a slow line must not send 300 MB to learn that the case was closed.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task A_refusal_in_the_middle_of_an_upload_arrives_at_once(int readFirst)
    {
        _gateway["intake"].Answer = async context =>
        {
            _ = await context.Request.Body.ReadAtLeastAsync(new byte[Math.Max(1, readFirst)], readFirst);
            context.Response.StatusCode = 409;
            await context.Response.WriteAsync("closed");
        };
        using var socket = new TcpClient();
        await socket.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/cases/1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_patient}\r\nContent-Type: application/pdf\r\nContent-Length: "
                + $"{60 * Megabyte}\r\n\r\n"));
        await stream.WriteAsync(new byte[200_000]);
        using var reader = new StreamReader(stream);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        (await reader.ReadLineAsync(limit.Token)).ShouldBe("HTTP/1.1 409 Conflict");
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path, int bytes, bool declared, string type)
    {
        using var content = new StreamContent(new Pattern(bytes));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (declared)
        {
            content.Headers.ContentLength = bytes;
        }
        else
        {
            request.Headers.TransferEncodingChunked = true;
        }

        return await _gateway.Http(_patient).SendAsync(request);
    }

    /// <summary>A stream of so many bytes that are never in memory.</summary>
    private sealed class Pattern(long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public static string Sha256(long length) => Convert.ToHexStringLower(SHA256.HashData(new Pattern(length)));

        public override int Read(byte[] buffer, int offset, int count)
        {
            var n = (int)Math.Min(count, length - _position);
            for (var i = 0; i < n; i++)
            {
                buffer[offset + i] = (byte)((_position + i) * 31 >> 3);
            }

            _position += n;
            return n;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
