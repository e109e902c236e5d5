using System.Diagnostics;
using System.Net.Http.Headers;
using System.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.ServiceDefaults.Access;
using static Google.Protobuf.Reflection.MethodOptions.Types.IdempotencyLevel;

namespace SecondOpinion.ServiceDefaults.Resilience;

/// <summary>gRPC clients of the other services.</summary>
public static class ServiceClients
{
    /// <summary>
    /// Five attempts, in about a second on average and 2.4 s at the most: another address, or the same one once it is back. The library waits between none and
    /// all of each pause, by chance, so the pauses together must be far longer than the one between its attempts to connect (below): with 0.5 s there and
    /// 1.3 s here, one call in twenty found all attempts used up just before a service was reached again. What may have reached a service is kept out by
    /// <see cref="SentOnce"/>, unless its contract says that asking twice does no more than asking once.
    /// </summary>
    private static readonly RetryPolicy Retries = new()
    {
        MaxAttempts = 5,
        InitialBackoff = TimeSpan.FromMilliseconds(200),
        MaxBackoff = TimeSpan.FromSeconds(1),
        BackoffMultiplier = 2,
        RetryableStatusCodes = { StatusCode.Unavailable },
    };

    /// <summary>
    /// Registers a typed gRPC client. It finds <paramref name="service"/> by <c>services:NAME:grpc:0…n</c> (one <c>dns:///host:port</c> in a cluster), goes to
    /// its addresses in turn, leaves out those that do not answer and retries what was never sent. It calls as this service; a call that brings a person's
    /// <c>authorization</c> is vouched for by this service's own token beside it. Every call needs a deadline.
    /// </summary>
    public static IHttpClientBuilder AddServiceClient<TClient>(this WebApplicationBuilder builder, string service) where TClient : ClientBase<TClient>
    {
        builder.Services.AddTokens(builder.Configuration);
        if (!builder.Services.Any(known => known.ServiceType == typeof(ResolverFactory)))
        {
            builder.Services.AddSingleton<ResolverFactory>(services => new StaticResolverFactory(wanted =>
                Addresses(services.GetRequiredService<IConfiguration>(), wanted.AbsolutePath.Trim('/')).Select(a => new BalancerAddress(a.Host, a.Port))));
            // A name is looked up again also while all goes well: a replica that was added is found.
            builder.Services.AddSingleton<ResolverFactory>(new DnsResolverFactory(refreshInterval: TimeSpan.FromSeconds(15)));
        }

        return builder.Services
            .AddGrpcClient<TClient>((services, options) => options.Address =
                Addresses(services.GetRequiredService<IConfiguration>(), service) is [{ Scheme: "dns" } name] ? name : new Uri($"static:///{service}"))
            .ConfigureChannel((services, channel) =>
            {
                channel.Credentials = Addresses(services.GetRequiredService<IConfiguration>(), service).Any(a => a.Scheme == Uri.UriSchemeHttps)
                    ? ChannelCredentials.SecureSsl
                    : ChannelCredentials.Insecure;
                channel.ServiceConfig = new ServiceConfig
                {
                    LoadBalancingConfigs = { new RoundRobinConfig() },
                    MethodConfigs = { new MethodConfig { Names = { MethodName.Default }, RetryPolicy = Retries } },
                };
                // A service that comes back is called again within the time of the retries; the library would wait up to two minutes.
                channel.InitialReconnectBackoff = TimeSpan.FromMilliseconds(50);
                channel.MaxReconnectBackoff = TimeSpan.FromMilliseconds(50);
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = TimeSpan.FromSeconds(2),
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                KeepAlivePingDelay = TimeSpan.FromSeconds(20),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
                UseProxy = false,
                AllowAutoRedirect = false,
                // One call is one client span, that of gRPC: SentOnce passes it on, and HTTP adds none of its own.
                ActivityHeadersPropagator = null,
            })
            .AddHttpMessageHandler(services => new ServiceTokenHandler(services.GetRequiredService<ServiceTokens>(), service))
            .AddHttpMessageHandler(() => new SentOnce(Repeatable(typeof(TClient))))
            .AddInterceptor(() => new DeadlineInterceptor());
    }

    private static Uri[] Addresses(IConfiguration configuration, string service) =>
        [.. configuration.GetSection($"services:{service}:grpc").GetChildren().Where(a => !string.IsNullOrEmpty(a.Value)).Select(a => new Uri(a.Value!))];

    /// <summary>Paths of the methods whose contract declares an <c>idempotency_level</c>.</summary>
    private static HashSet<string> Repeatable(Type client)
    {
        var descriptor = client.DeclaringType!.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!;
        var service = (Google.Protobuf.Reflection.ServiceDescriptor)descriptor.GetValue(null)!;
        return
        [
            .. service.Methods.Where(m => m.GetOptions()?.IdempotencyLevel is NoSideEffects or Idempotent).Select(m => $"/{service.FullName}/{m.Name}"),
        ];
    }

    /// <summary>The call carries this service's own token: as the caller's, or beside that of the person for whom it calls.</summary>
    private sealed class ServiceTokenHandler(ServiceTokens tokens, string audience) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var token = await tokens.For(audience, cancellationToken);
            if (request.Headers.Authorization is null)
            {
                request.Headers.Authorization = new("Bearer", token);
            }
            else
            {
                request.Headers.Remove(BearerTokens.ServiceHeader);
                request.Headers.Add(BearerTokens.ServiceHeader, $"Bearer {token}");
            }

            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.StatusCode == System.Net.HttpStatusCode.Unauthorized)
            {
                tokens.Forget(audience);
            }

            return answer;
        }
    }

    /// <summary>
    /// Passes the call's span on, and tells the library's retry, in gRPC's own words (a push-back below zero), to leave alone what a service may have seen: an
    /// answer, whatever it is, and a connection that broke amid the call. What remains to be retried is a connection that never came about, and what was lost
    /// of the calls that are <paramref name="repeatable"/>.
    /// </summary>
    private sealed class SentOnce(HashSet<string> repeatable) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            DistributedContextPropagator.Current.Inject(Activity.Current, request.Headers, static (headers, name, value) =>
                ((HttpRequestHeaders)headers!).TryAddWithoutValidation(name, value));
            try
            {
                var answer = await base.SendAsync(request, cancellationToken);
                return DoNotRepeat(answer);
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException { HttpRequestError: not HttpRequestError.ConnectionError }
                && IsLost(broken))
            {
                var lost = new HttpResponseMessage { RequestMessage = request, Version = request.Version, Content = new ByteArrayContent([]) };
                lost.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
                lost.Headers.Add("grpc-status", ((int)StatusCode.Unavailable).ToString(System.Globalization.CultureInfo.InvariantCulture));
                lost.Headers.Add("grpc-message", "The connection was lost amid the call.");
                return repeatable.Contains(request.RequestUri!.AbsolutePath) ? lost : DoNotRepeat(lost);
            }
        }

        private static HttpResponseMessage DoNotRepeat(HttpResponseMessage answer)
        {
            answer.Headers.Remove("grpc-retry-pushback-ms");
            answer.Headers.TryAddWithoutValidation("grpc-retry-pushback-ms", "-1");
            return answer;
        }

        /// <summary>
        /// Cut, or ended in peace by a service that leaves (which the library would call Internal); any other error of HTTP/2 has its own status.
        /// </summary>
        private static bool IsLost(Exception broken) => broken.InnerException switch
        {
            HttpProtocolException protocol => protocol.ErrorCode == 0,
            IOException { InnerException: HttpProtocolException protocol } => protocol.ErrorCode == 0,
            _ => true,
        };
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
