using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.ServiceDefaults.Resilience;

/// <summary>gRPC clients of the other services.</summary>
public static class ServiceClients
{
    /// <summary>
    /// Registers a typed gRPC client that finds <paramref name="service"/> by configuration, retries what was never sent, breaks when it keeps failing,
    /// and calls as this service unless the call brings its own <c>authorization</c>. Every call needs a deadline.
    /// </summary>
    public static IHttpClientBuilder AddServiceClient<TClient>(this WebApplicationBuilder builder, string service) where TClient : ClientBase<TClient>
    {
        builder.Services.TryAddSingleton<ServiceAddresses>();
        builder.Services.TryAddSingleton<ServiceTokens>();
        builder.Services.TryAddTransient<DiscoveryHandler>();
        builder.Services.TryAddTransient<ResilienceHandler>();
        builder.Services.TryAddTransient<ServiceTokenHandler>();
        return builder.Services
            .AddGrpcClient<TClient>(options => options.Address = new Uri($"http://_grpc.{service}"))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = TimeSpan.FromSeconds(2),
                PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
                KeepAlivePingDelay = TimeSpan.FromSeconds(20),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
                UseProxy = false,
                AllowAutoRedirect = false,
                // The gRPC call carries the trace itself: one call is one client span, not a second one for its HTTP request.
                ActivityHeadersPropagator = null,
            })
            .AddHttpMessageHandler<ServiceTokenHandler>()
            .AddHttpMessageHandler<ResilienceHandler>()
            .AddHttpMessageHandler<DiscoveryHandler>()
            .AddInterceptor(() => new DeadlineInterceptor());
    }

    private sealed class ServiceTokenHandler(ServiceTokens tokens) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization ??= new("Bearer", tokens.Current());
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>A call without a deadline could hold its caller for ever: it is a defect of the code, found at its first run.</summary>
    private sealed class DeadlineInterceptor : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Checked(context));

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Checked(context));

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(Checked(context));

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(Checked(context));

        private static ClientInterceptorContext<TRequest, TResponse> Checked<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
            where TRequest : class where TResponse : class =>
            context.Options.Deadline is null
                ? throw new InvalidOperationException($"{context.Method.FullName} was called without a deadline.")
                : context;
    }
}
