using System.Net.Http.Headers;
using System.Security.Cryptography;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

public sealed class BodyTests : IAsyncLifetime
{
    private const int Megabyte = 1 << 20;
    private readonly string _patient = TestTokens.Patient(Guid.CreateVersion7());
    private GatewayUnderTest _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayUnderTest.Start(new() { ["Gateway:DocumentBytes"] = (64 * Megabyte).ToString() });

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
        var echo = await (await Send(HttpMethod.Post, "/api/v1/cases/1/documents?type=X&fileName=a.pdf", 60 * Megabyte, declared, "application/octet-stream")).Echo();
        echo.BodyLength.ShouldBe(60 * Megabyte);
        echo.BodySha256.ShouldBe(Pattern.Sha256(60 * Megabyte));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_document_over_its_own_limit_is_a_413(bool declared)
    {
        var response = await Send(HttpMethod.Post, "/api/v1/cases/1/documents", (64 * Megabyte) + 1, declared, "application/octet-stream");
        await response.Problem(413, "REQ-0007");
    }

    [Fact]
    public async Task A_large_body_on_a_documents_neighbour_is_judged_by_the_small_limit()
    {
        await (await Send(HttpMethod.Put, "/api/v1/cases/1/documents", 2 * Megabyte, true, "application/json")).Problem(413, "REQ-0007");
        await (await Send(HttpMethod.Post, "/api/v1/cases/1/documents/more", 2 * Megabyte, true, "application/json")).Problem(413, "REQ-0007");
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
