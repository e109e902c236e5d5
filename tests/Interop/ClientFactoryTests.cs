using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.ClientFactory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Interop.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>Clients from the container, as services use them.</summary>
public sealed class ClientFactoryTests(Matrix matrix)
{
    [Fact]
    public async Task A_typed_client_goes_through_handlers_interceptors_and_credentials_to_its_address()
    {
        var seen = new List<string>();
        await using var server = await EchoServer.StartAsync(map: app => app.Use(async (HttpContext context, RequestDelegate next) =>
        {
            seen.Add(string.Join(',', context.Request.Headers.Where(header => header.Key.StartsWith("x-", StringComparison.Ordinal))
                .Select(header => $"{header.Key}={header.Value}").Order()));
            await next(context);
        }));
        var services = new ServiceCollection();
        services.AddTransient<HeaderHandler>();
        services.AddSingleton<HeaderInterceptor>();
        services.AddGrpcClient<Echo.EchoClient>(options => options.Address = new Uri(server.Address))
            .AddHttpMessageHandler<HeaderHandler>()
            .AddInterceptor<HeaderInterceptor>()
            .AddInterceptor(InterceptorScope.Client, _ => new HeaderInterceptor("x-client"))
            .AddCallCredentials((context, metadata) =>
            {
                context.ServiceUrl.ShouldEndWith("/secondopinion.interop.v1.Echo");
                metadata.Add("x-token", context.MethodName);
                return Task.CompletedTask;
            })
            .ConfigureChannel(options => options.UnsafeUseInsecureChannelCallCredentials = true);
        await using var provider = services.BuildServiceProvider();

        var reply = await provider.GetRequiredService<Echo.EchoClient>().UnaryAsync(new EchoRequest { Text = "factory" });

        reply.Text.ShouldBe("factory");
        seen.ShouldBe(["x-client=yes,x-handler=yes,x-interceptor=yes,x-token=Unary"]);
    }

    [Fact]
    public async Task Call_credentials_stay_at_home_without_tls()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Echo.EchoClient>(options => options.Address = new Uri(matrix.Us.Address))
            .AddCallCredentials((_, _) => throw new InvalidOperationException("Nobody may ask."));
        await using var provider = services.BuildServiceProvider();

        (await provider.GetRequiredService<Echo.EchoClient>().UnaryAsync(new EchoRequest { Text = "a" })).Text.ShouldBe("a");
    }

    [Fact]
    public async Task Clients_of_one_name_share_one_channel()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Echo.EchoClient>("one", (_, options) => options.Address = new Uri(matrix.Us.Address));
        var channels = 0;
        services.AddGrpcClient<Scope.ScopeClient>("one").ConfigureChannel((_, _) => channels++);
        await using var provider = services.BuildServiceProvider();

        await provider.GetRequiredService<Echo.EchoClient>().UnaryAsync(new EchoRequest());
        await provider.GetRequiredService<GrpcClientFactory>().CreateClient<Echo.EchoClient>("one").UnaryAsync(new EchoRequest());

        channels.ShouldBe(1);
    }

    [Fact]
    public async Task A_client_without_address_says_so()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Echo.EchoClient>();
        await using var provider = services.BuildServiceProvider();

        Should.Throw<InvalidOperationException>(() => provider.GetRequiredService<Echo.EchoClient>()).Message.ShouldContain("EchoClient");
    }

    [Fact]
    public async Task The_deadline_and_the_cancellation_of_an_incoming_call_go_on_with_the_outgoing()
    {
        await using var front = await EchoServer.StartAsync(
            build: builder => builder.Services.AddGrpcClient<Echo.EchoClient>(options => options.Address = new Uri(matrix.Us.Address))
                .EnableCallContextPropagation(),
            map: app => app.MapGrpcService<RelayService>());
        using var channel = GrpcChannel.ForAddress(front.Address);
        var client = new Scope.ScopeClient(channel);

        var wait = TimeSpan.FromMilliseconds(200);
        await Eventually.True(
            async () =>
            {
                // On a busy machine a short deadline may pass on the way.
                var late = await Should.ThrowAsync<RpcException>(async () => await client.WhoAsync(
                    new EchoRequest { Text = "relayed deadline", Hang = true }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + wait));
                late.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
                wait *= 2;
                return EchoService.Cancelled.ContainsKey("relayed deadline");
            },
            "the second server sees the deadline");

        using var cancellation = new CancellationTokenSource();
        using var call = client.WhoAsync(new EchoRequest { Text = "relayed cancellation", Hang = true }, cancellationToken: cancellation.Token);
        await Eventually.True(() => RelayService.Relayed.Contains("relayed cancellation"), "the call is under way");
        await cancellation.CancelAsync();
        (await Should.ThrowAsync<RpcException>(async () => await call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        await Eventually.True(() => EchoService.Cancelled.ContainsKey("relayed cancellation"), "the second server sees the cancellation");
    }

    [Fact]
    public async Task Propagation_outside_a_call_throws_unless_told_not_to()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Echo.EchoClient>("strict", options => options.Address = new Uri(matrix.Us.Address)).EnableCallContextPropagation();
        services.AddGrpcClient<Echo.EchoClient>("lenient", options => options.Address = new Uri(matrix.Us.Address))
            .EnableCallContextPropagation(options => options.SuppressContextNotFoundErrors = true);
        await using var provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<GrpcClientFactory>();

        await factory.CreateClient<Echo.EchoClient>("lenient").UnaryAsync(new EchoRequest());
        await Should.ThrowAsync<InvalidOperationException>(async () =>
            await factory.CreateClient<Echo.EchoClient>("strict").UnaryAsync(new EchoRequest()));
    }

    [Fact]
    public async Task Cancelling_throws_what_the_channel_is_told_to()
    {
        using var channel = GrpcChannel.ForAddress(
            matrix.Us.Address, new GrpcChannelOptions { ThrowOperationCanceledOnCancellation = true });
        using var cancellation = new CancellationTokenSource();
        using var call = new Echo.EchoClient(channel).UnaryAsync(new EchoRequest { Hang = true }, cancellationToken: cancellation.Token);

        await cancellation.CancelAsync();

        var error = await Record.ExceptionAsync(async () => await call);
        error.ShouldBeAssignableTo<OperationCanceledException>();
        error!.InnerException.ShouldBeOfType<RpcException>().StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    [Fact]
    public async Task Disposing_of_a_call_or_of_its_channel_cancels_it()
    {
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);
        var client = new Echo.EchoClient(channel);
        var disposed = client.UnaryAsync(new EchoRequest { Hang = true });
        var orphan = client.ServerStream(new EchoRequest { Count = 1, Hang = true });
        (await orphan.ResponseStream.MoveNext()).ShouldBeTrue();

        disposed.Dispose();
        (await Should.ThrowAsync<RpcException>(async () => await disposed)).StatusCode.ShouldBe(StatusCode.Cancelled);
        channel.Dispose();
        (await Should.ThrowAsync<RpcException>(() => orphan.ResponseStream.MoveNext())).StatusCode.ShouldBe(StatusCode.Cancelled);
        Should.Throw<ObjectDisposedException>(channel.CreateCallInvoker);
    }

    [Fact]
    public async Task A_stream_refuses_what_makes_no_sense()
    {
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);
        using var call = new Echo.EchoClient(channel).Duplex();
        Should.Throw<InvalidOperationException>(() => call.GetStatus());
        Should.Throw<InvalidOperationException>(() => call.GetTrailers());
        var reading = call.ResponseStream.MoveNext();
        await Should.ThrowAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext());

        await call.RequestStream.WriteAsync(new EchoRequest { Text = "a" });
        (await reading).ShouldBeTrue();
        await call.RequestStream.CompleteAsync();
        await Should.ThrowAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new EchoRequest()));
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
        call.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public void A_deadline_in_local_time_is_refused()
    {
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);
        var local = new DateTime(2100, 1, 1, 0, 0, 0, DateTimeKind.Local);

        Should.Throw<InvalidOperationException>(() => { new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), deadline: local); });
    }

    private sealed class RelayService(Echo.EchoClient client) : Scope.ScopeBase
    {
        public static readonly System.Collections.Concurrent.ConcurrentBag<string> Relayed = [];

        public override async Task<EchoReply> Who(EchoRequest request, ServerCallContext context)
        {
            using var call = client.ServerStream(new EchoRequest { Text = request.Text, Count = 1, Hang = request.Hang });
            await call.ResponseStream.MoveNext();
            Relayed.Add(request.Text);
            await call.ResponseStream.MoveNext();
            return call.ResponseStream.Current;
        }
    }

    private sealed class HeaderHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("x-handler", "yes");
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class HeaderInterceptor(string name = "x-interceptor") : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var headers = context.Options.Headers ?? [];
            headers.Add(name, "yes");
            return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(
                context.Method, context.Host, context.Options.WithHeaders(headers)));
        }
    }
}
