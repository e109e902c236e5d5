using System.Net;
using System.Net.Http;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>What goes wrong below gRPC, and the status that our client makes of it.</summary>
public sealed class TransportErrorTests
{
    [Theory]
    [InlineData(0x0, StatusCode.Internal)]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x3, StatusCode.Internal)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public async Task A_reset_stream_has_the_status_of_its_error(uint error, StatusCode expected)
    {
        using var server = new ScriptedServer(async connection =>
        {
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            await connection.SendAsync(Frame.RstStream, 0, stream, Http2Socket.Number(error));
            await connection.ReadAsync(Frame.GoAway);
        });

        (await StatusAsync(server.Address)).ShouldBe(expected);
    }

    [Fact]
    public async Task A_refused_stream_is_sent_again()
    {
        using var server = new ScriptedServer(async connection =>
        {
            const uint refused = 0x7;
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            await connection.SendAsync(Frame.RstStream, 0, stream, Http2Socket.Number(refused));
            await AnswerAsync(connection, await ScriptedServer.TakeRequestAsync(connection));
        });

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.OK);
        await server.Done;
    }

    [Fact]
    public async Task A_server_that_goes_away_is_asked_again_on_a_new_connection()
    {
        using var server = new ScriptedServer(
            async connection =>
            {
                await ScriptedServer.TakeRequestAsync(connection);

                // Last stream 0: nothing has been processed.
                await connection.SendAsync(Frame.GoAway, 0, 0, [.. Http2Socket.Number(0), .. Http2Socket.Number(0)]);
                (await connection.ReadAsync(Frame.Data)).ShouldBeNull();
            },
            async connection => await AnswerAsync(connection, await ScriptedServer.TakeRequestAsync(connection)));

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.OK);
        await server.Done;
    }

    [Fact]
    public async Task A_server_that_goes_away_each_time_is_unavailable()
    {
        using var server = ScriptedServer.Leaving();

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_connection_lost_amid_a_call_is_unavailable()
    {
        using var server = new ScriptedServer(ScriptedServer.TakeRequestAsync);

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task Nobody_listening_is_unavailable()
    {
        string address;
        using (var server = new ScriptedServer())
        {
            address = server.Address;
        }

        (await StatusAsync(address)).ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_peer_that_answers_no_ping_is_unavailable()
    {
        using var server = new ScriptedServer(async connection =>
        {
            await ScriptedServer.TakeRequestAsync(connection);
            await connection.ReadAsync(Frame.Ping);
            while (await connection.ReadAsync() is not null)
            {
                // Heard, and never answered.
            }
        });
        using var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        };

        (await StatusAsync(server.Address, new GrpcChannelOptions { HttpHandler = handler })).ShouldBe(StatusCode.Unavailable);
    }

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(418, StatusCode.Unknown)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    public async Task An_answer_that_is_not_grpc_has_the_status_of_its_http_status(int http, StatusCode expected)
    {
        await using var server = await EchoServer.StartAsync(map: app => app.Use(async (HttpContext context, RequestDelegate _) =>
        {
            context.Response.StatusCode = http;
            await context.Response.WriteAsync("<html>");
        }));

        (await StatusAsync(server.Address)).ShouldBe(expected);
    }

    [Fact]
    public async Task A_web_page_is_no_answer()
    {
        using var server = new ScriptedServer(async connection =>
        {
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            var headers = Http2Socket.Block((":status", "200"), ("content-type", "text/html"));
            await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders | Http2Socket.EndStream, stream, headers);
            await connection.ReadAsync(Frame.GoAway);
        });

        (await StatusAsync(server.Address)).ShouldBe(StatusCode.Unknown);
    }

    [Theory]
    [InlineData("99", StatusCode.Unknown)]
    [InlineData("soon", StatusCode.Unknown)]
    [InlineData("5", StatusCode.NotFound)]
    public async Task A_status_in_the_only_header_block_counts(string status, StatusCode expected)
    {
        using var server = new ScriptedServer(async connection =>
        {
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            var headers = Http2Socket.Block((":status", "200"), ("content-type", "application/grpc"), ("grpc-status", status));
            await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders | Http2Socket.EndStream, stream, headers);
            await connection.ReadAsync(Frame.GoAway);
        });

        (await StatusAsync(server.Address)).ShouldBe(expected);
    }

    [Theory]
    [InlineData("no trailers", "0000000000", null, StatusCode.Unknown)]
    [InlineData("truncated message", "00000000050801", "0", StatusCode.Internal)]
    [InlineData("no message", "", "0", StatusCode.Internal)]
    [InlineData("two messages", "00000000000000000000", "0", StatusCode.Internal)]
    [InlineData("compressed flag without encoding", "0100000000", "0", StatusCode.Internal)]
    [InlineData("unknown flag", "0700000000", "0", StatusCode.Internal)]
    [InlineData("length beyond the limit", "00ffffffff", "0", StatusCode.ResourceExhausted)]
    [InlineData("not protobuf", "0000000002ffff", "0", StatusCode.Internal)]
    public async Task A_malformed_answer_fails_the_call(string what, string body, string? status, StatusCode expected)
    {
        using var server = new ScriptedServer(async connection =>
        {
            var stream = await ScriptedServer.TakeRequestAsync(connection);
            await AnswerAsync(connection, stream, Convert.FromHexString(body), status);
        });

        (await StatusAsync(server.Address)).ShouldBe(expected, what);
    }

    private static async Task AnswerAsync(Http2Socket connection, int stream, byte[]? body = null, string? status = "0")
    {
        var headers = Http2Socket.Block((":status", "200"), ("content-type", "application/grpc"));
        await connection.SendAsync(Frame.Headers, Http2Socket.EndHeaders, stream, headers);
        await connection.SendAsync(Frame.Data, status is null ? Http2Socket.EndStream : (byte)0, stream, body ?? new byte[5]);
        if (status is not null)
        {
            await connection.SendAsync(
                Frame.Headers, Http2Socket.EndHeaders | Http2Socket.EndStream, stream, Http2Socket.Block(("grpc-status", status)));
        }

        // Closing with frames unread would reset the connection, and the answer with it.
        await connection.ReadAsync(Frame.GoAway);
    }

    private static async Task<StatusCode> StatusAsync(string address, GrpcChannelOptions? options = null)
    {
        using var channel = GrpcChannel.ForAddress(address, options ?? new GrpcChannelOptions());
        try
        {
            await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20));
            return StatusCode.OK;
        }
        catch (RpcException ex)
        {
            return ex.StatusCode;
        }
    }
}
