using Grpc.AspNetCore.ClientFactory;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.ClientFactory;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.ClientFactory
{
    public class GrpcContextPropagationOptions
    {
        /// <summary>Whether a call made outside any incoming call goes out as it is, rather than throw.</summary>
        public bool SuppressContextNotFoundErrors { get; set; }
    }

    /// <summary>An outgoing call ends when the incoming call that it serves does.</summary>
    internal sealed class ContextPropagationInterceptor(IHttpContextAccessor accessor, GrpcContextPropagationOptions settings) : Interceptor
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            using var linked = Link(context.Options, out var options);
            return continuation(request, With(context, options));
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var linked = Link(context.Options, out var options);
            var call = continuation(request, With(context, options));
            return linked is null ? call : new AsyncUnaryCall<TResponse>(
                DisposeAfter(call.ResponseAsync, linked), _ => call.ResponseHeadersAsync, _ => call.GetStatus(), _ => call.GetTrailers(),
                _ => call.Dispose(), call);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var linked = Link(context.Options, out var options);
            var call = continuation(request, With(context, options));
            return linked is null ? call : new AsyncServerStreamingCall<TResponse>(
                call.ResponseStream, _ => call.ResponseHeadersAsync, _ => call.GetStatus(), _ => call.GetTrailers(), _ => End(call, linked), call);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var linked = Link(context.Options, out var options);
            var call = continuation(With(context, options));
            return linked is null ? call : new AsyncClientStreamingCall<TRequest, TResponse>(
                call.RequestStream, DisposeAfter(call.ResponseAsync, linked), _ => call.ResponseHeadersAsync, _ => call.GetStatus(),
                _ => call.GetTrailers(), _ => call.Dispose(), call);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var linked = Link(context.Options, out var options);
            var call = continuation(With(context, options));
            return linked is null ? call : new AsyncDuplexStreamingCall<TRequest, TResponse>(
                call.RequestStream, call.ResponseStream, _ => call.ResponseHeadersAsync, _ => call.GetStatus(), _ => call.GetTrailers(),
                _ => End(call, linked), call);
        }

        private static ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, CallOptions options)
            where TRequest : class
            where TResponse : class => new(context.Method, context.Host, options);

        private static async Task<T> DisposeAfter<T>(Task<T> response, CancellationTokenSource linked)
        {
            using (linked)
            {
                return await response.ConfigureAwait(false);
            }
        }

        private static void End(IDisposable call, CancellationTokenSource linked)
        {
            call.Dispose();
            linked.Dispose();
        }

        /// <summary>The earlier deadline and both tokens; a source is only made when both tokens can be cancelled.</summary>
        private CancellationTokenSource? Link(CallOptions given, out CallOptions options)
        {
            options = given;
            if (accessor.HttpContext?.Features.Get<IServerCallContextFeature>()?.ServerCallContext is not { } incoming)
            {
                return settings.SuppressContextNotFoundErrors ? null : throw new InvalidOperationException(
                    "Unable to propagate server context values to the call. Can't find the current gRPC ServerCallContext.");
            }

            if (incoming.Deadline != DateTime.MaxValue && !(given.Deadline < incoming.Deadline))
            {
                options = options.WithDeadline(incoming.Deadline);
            }

            if (!given.CancellationToken.CanBeCanceled)
            {
                options = options.WithCancellationToken(incoming.CancellationToken);
                return null;
            }

            if (given.CancellationToken == incoming.CancellationToken)
            {
                return null;
            }

            var linked = CancellationTokenSource.CreateLinkedTokenSource(given.CancellationToken, incoming.CancellationToken);
            options = options.WithCancellationToken(linked.Token);
            return linked;
        }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    public static class GrpcServerHttpClientBuilderExtensions
    {
        public static IHttpClientBuilder EnableCallContextPropagation(this IHttpClientBuilder builder) =>
            builder.EnableCallContextPropagation(static _ => { });

        public static IHttpClientBuilder EnableCallContextPropagation(
            this IHttpClientBuilder builder, Action<GrpcContextPropagationOptions> configureOptions)
        {
            ArgumentNullException.ThrowIfNull(builder);
            var options = new GrpcContextPropagationOptions();
            configureOptions(options);
            builder.Services.AddHttpContextAccessor();
            return builder.AddInterceptor(
                InterceptorScope.Channel,
                services => new ContextPropagationInterceptor(services.GetRequiredService<IHttpContextAccessor>(), options));
        }
    }
}
