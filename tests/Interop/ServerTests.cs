using System.Security.Claims;
using System.Text.Encodings.Web;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SecondOpinion.Interop.V1;

namespace SecondOpinion.Tests.Interop;

/// <summary>What ASP.NET Core adds to a service: container, authorization, interceptors, options.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task A_service_shares_the_scope_of_its_call()
    {
        await using var server = await EchoServer.StartAsync(
            build: builder => builder.Services.AddScoped<Scoped>(), map: app => app.MapGrpcService<ScopedService>());
        using var channel = GrpcChannel.ForAddress(server.Address);
        var client = new Scope.ScopeClient(channel);

        var first = await client.WhoAsync(new EchoRequest());
        var second = await client.WhoAsync(new EchoRequest());

        first.Text.ShouldNotBe(second.Text);
        Scoped.Alive.ShouldBe(0);
    }

    [Theory]
    [InlineData(null, "Open", StatusCode.OK)]
    [InlineData(null, "Known", StatusCode.Unauthenticated)]
    [InlineData("patient", "Known", StatusCode.OK)]
    [InlineData("patient", "Physicians", StatusCode.PermissionDenied)]
    [InlineData("physician", "Physicians", StatusCode.OK)]
    public async Task Authorization_attributes_guard_methods(string? role, string method, StatusCode expected)
    {
        await using var server = await EchoServer.StartAsync(build: AddRoles, map: app => app.MapGrpcService<GuardedService>());

        (await CallAsync(server.Address, method, role)).ShouldBe(expected);
    }

    [Fact]
    public async Task Conventions_apply_to_every_method_of_a_service()
    {
        await using var server = await EchoServer.StartAsync(
            build: AddRoles,
            map: app => app.MapGrpcService<ScopedService>().RequireAuthorization(policy => policy.RequireRole("physician")));

        (await CallAsync(server.Address, "Who", "patient", "Scope")).ShouldBe(StatusCode.PermissionDenied);
    }

    [Theory]
    [InlineData(true, "Exception was thrown by handler. InvalidOperationException: outer FormatException: inner")]
    [InlineData(false, "Exception was thrown by handler.")]
    public async Task Details_of_an_exception_are_told_only_when_asked_for(bool isDetailed, string expected)
    {
        await using var server = await EchoServer.StartAsync(
            options => options.EnableDetailedErrors = isDetailed, map: app => app.MapGrpcService<FailingService>());
        using var channel = GrpcChannel.ForAddress(server.Address);

        var error = await Should.ThrowAsync<RpcException>(async () => await new Scope.ScopeClient(channel).WhoAsync(new EchoRequest()));

        error.StatusCode.ShouldBe(StatusCode.Unknown);
        error.Status.Detail.ShouldBe(expected);
    }

    [Fact]
    public async Task Interceptors_run_in_order_around_every_kind_of_call()
    {
        await using var server = await EchoServer.StartAsync(options =>
        {
            options.Interceptors.Add<Marking>("first");
            options.Interceptors.Add<Marking>("second");
        });
        using var channel = GrpcChannel.ForAddress(server.Address);

        foreach (var kind in new[] { "unary", "server", "client", "duplex" })
        {
            var outcome = await OwnClient.RunAsync(channel, new Call(kind) { Count = 2 });
            outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
            outcome.Trailers["x-marks"].ShouldBe("first>second", kind);
        }
    }

    [Fact]
    public async Task A_services_own_options_win()
    {
        await using var server = await EchoServer.StartAsync(
            options => options.MaxReceiveMessageSize = 100,
            builder => builder.Services.AddGrpc().AddServiceOptions<EchoService>(options => options.MaxReceiveMessageSize = null));
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = null });

        (await OwnClient.RunAsync(channel, new Call("unary") { Size = 5_000_000 })).Status.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task Limits_hold_on_what_is_sent_too()
    {
        await using var server = await EchoServer.StartAsync(options => options.MaxSendMessageSize = 100);
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var cautious = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxSendMessageSize = 100 });

        (await OwnClient.RunAsync(channel, new Call("unary") { Size = 200 })).Status.ShouldBe(StatusCode.ResourceExhausted);
        (await OwnClient.RunAsync(channel, new Call("server") { Count = 1, MessageSize = 200 })).Status.ShouldBe(StatusCode.ResourceExhausted);
        (await OwnClient.RunAsync(cautious, new Call("unary") { Size = 200 })).Status.ShouldBe(StatusCode.ResourceExhausted);
        (await OwnClient.RunAsync(cautious, new Call("unary"))).Status.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task The_context_tells_the_service_about_its_call()
    {
        await using var server = await EchoServer.StartAsync(map: app => app.MapGrpcService<ContextService>());
        using var channel = GrpcChannel.ForAddress(server.Address);
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1);

        var reply = await new Scope.ScopeClient(channel).WhoAsync(new EchoRequest(), new Metadata { { "x-a", "1" } }, deadline);

        var told = reply.Text.Split('|');
        told[0].ShouldBe("/secondopinion.interop.v1.Scope/Who");
        told[1].ShouldBe(server.Authority);
        told[2].ShouldStartWith("ipv4:127.0.0.1:");
        DateTime.Parse(told[3], System.Globalization.CultureInfo.InvariantCulture).ToUniversalTime()
            .ShouldBe(deadline, TimeSpan.FromSeconds(2));
        told[4].ShouldBe("user-agent,x-a");
        told[5].ShouldBe("HTTP/2");
    }

    [Fact]
    public async Task A_service_may_set_its_status_and_write_after_its_headers()
    {
        await using var server = await EchoServer.StartAsync(map: app => app.MapGrpcService<StatusService>());
        using var channel = GrpcChannel.ForAddress(server.Address);

        using var call = new Scope.ScopeClient(channel).WhoAsync(new EchoRequest());
        var error = await Should.ThrowAsync<RpcException>(async () => await call);

        error.StatusCode.ShouldBe(StatusCode.DataLoss);
        (await call.ResponseHeadersAsync).GetValue("x-early").ShouldBe("yes");
        call.GetTrailers().GetValueBytes("x-late-bin").ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Trailers_that_no_header_can_hold_fail_the_call_with_a_status()
    {
        await using var server = await EchoServer.StartAsync(map: app => app.MapGrpcService<AccentService>());
        using var channel = GrpcChannel.ForAddress(server.Address);

        var error = await Should.ThrowAsync<RpcException>(async () => await new Scope.ScopeClient(channel).WhoAsync(new EchoRequest()));

        error.StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task Everything_works_in_the_test_server_too()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<EchoService>();
        await app.StartAsync();
        using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = app.GetTestServer().CreateHandler() });

        foreach (var kind in new[] { "unary", "server", "client", "duplex" })
        {
            (await OwnClient.RunAsync(channel, new Call(kind) { Count = 3 })).Status.ShouldBe(StatusCode.OK, kind);
        }

        (await OwnClient.RunAsync(channel, new Call("unary") { FailWith = 5 })).Status.ShouldBe(StatusCode.NotFound);
        (await OwnClient.RunAsync(channel, new Call("unary") { Hang = true, Deadline = 100 })).Status.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task With_tls_one_endpoint_serves_grpc_and_tells_http_1_to_upgrade()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=localhost", key, System.Security.Cryptography.HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using var server = await EchoServer.StartAsync(listen: endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1AndHttp2;
            endpoint.UseHttps(certificate);
        });
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, given, _, _) => given!.GetCertHashString() == certificate.GetCertHashString();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = handler });
        using var http = new HttpClient(handler, disposeHandler: false);
        using var content = new ByteArrayContent(new byte[5]);
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");

        var outcome = await OwnClient.RunAsync(channel, new Call("duplex") { Count = 3 });
        var old = await http.PostAsync(server.Address + "/secondopinion.interop.v1.Echo/Unary", content);

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        old.StatusCode.ShouldBe(System.Net.HttpStatusCode.UpgradeRequired);
    }

    private static void AddRoles(WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication("role").AddScheme<AuthenticationSchemeOptions, RoleHandler>("role", null);
        builder.Services.AddAuthorization();
    }

    private static async Task<StatusCode> CallAsync(string address, string method, string? role, string service = "Guarded")
    {
        using var channel = GrpcChannel.ForAddress(address);
        var marshaller = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
        var headers = new Metadata();
        if (role is not null)
        {
            headers.Add("x-role", role);
        }

        var invoked = new Method<byte[], byte[]>(MethodType.Unary, "secondopinion.interop.v1." + service, method, marshaller, marshaller);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(invoked, null, new CallOptions(headers), []);
        try
        {
            await call;
        }
        catch (RpcException ex)
        {
            ex.StatusCode.ShouldBe(call.GetStatus().StatusCode);
        }

        return call.GetStatus().StatusCode;
    }

    private sealed class Scoped : IDisposable
    {
        private static int alive;

        public Scoped() => Interlocked.Increment(ref alive);

        public static int Alive => alive;

        public string Id { get; } = Guid.CreateVersion7().ToString();

        public void Dispose() => Interlocked.Decrement(ref alive);
    }

    private sealed class ScopedService(Scoped mine, IServiceProvider services) : Scope.ScopeBase
    {
        public override Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            services.GetRequiredService<Scoped>().ShouldBeSameAs(mine);
            context.GetHttpContext().RequestServices.GetRequiredService<Scoped>().ShouldBeSameAs(mine);
            return Task.FromResult(new EchoReply { Text = mine.Id });
        }
    }

    [Authorize]
    private sealed class GuardedService : Guarded.GuardedBase
    {
        [AllowAnonymous]
        public override Task<EchoReply> Open(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoReply());

        public override Task<EchoReply> Known(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoReply());

        [Authorize(Roles = "physician")]
        public override Task<EchoReply> Physicians(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoReply());
    }

    private sealed class FailingService : Scope.ScopeBase
    {
        public override Task<EchoReply> Who(EchoRequest request, ServerCallContext context) =>
            throw new InvalidOperationException("outer", new FormatException("inner"));
    }

    private sealed class ContextService : Scope.ScopeBase
    {
        public override Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            context.UserState["seen"] = true;
            context.GetHttpContext().Items["seen"].ShouldBe(true);
            context.AuthContext.IsPeerAuthenticated.ShouldBeFalse();
            return Task.FromResult(new EchoReply
            {
                Text = string.Join(
                    '|', context.Method, context.Host, context.Peer, context.Deadline.ToString("O"),
                    string.Join(',', context.RequestHeaders.Select(entry => entry.Key).Order()), context.GetHttpContext().Request.Protocol),
            });
        }
    }

    private sealed class StatusService : Scope.ScopeBase
    {
        public override async Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "x-early", "yes" } });
            await Should.ThrowAsync<InvalidOperationException>(() => context.WriteResponseHeadersAsync([]));
            context.ResponseTrailers.Add("x-late-bin", [1, 2, 3]);
            context.Status = new Status(StatusCode.DataLoss, "");
            return new EchoReply();
        }
    }

    private sealed class AccentService : Scope.ScopeBase
    {
        public override Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            context.ResponseTrailers.Add("x-reason", "refusé");
            return Task.FromResult(new EchoReply());
        }
    }

    private sealed class Marking(string mark) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Mark(context);
            return continuation(request, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Mark(context);
            return continuation(requestStream, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Mark(context);
            return continuation(request, responseStream, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Mark(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Mark(ServerCallContext context)
        {
            var marks = context.ResponseTrailers.GetValue("x-marks");
            if (marks is not null)
            {
                context.ResponseTrailers.Remove(context.ResponseTrailers.Get("x-marks")!);
            }

            context.ResponseTrailers.Add("x-marks", marks is null ? mark : $"{marks}>{mark}");
        }
    }

    private sealed class RoleHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers["x-role"].ToString() is not { Length: > 0 } role)
            {
                return Task.FromResult(AuthenticateResult.NoResult());
            }

            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
        }
    }
}
