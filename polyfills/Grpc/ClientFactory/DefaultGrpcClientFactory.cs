using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grpc.Net.ClientFactory;

/// <summary>Clients are made anew and cheaply; the channel behind all clients of one name is made once.</summary>
internal sealed class DefaultGrpcClientFactory(
    IServiceProvider services, CallInvokerFactory invokers, IOptionsMonitor<GrpcClientFactoryOptions> options) : GrpcClientFactory
{
    public override TClient CreateClient<TClient>(string name)
    {
        var settings = options.Get(name);
        var invoker = Build(invokers.Get(name), settings, services, InterceptorScope.Client);
        if (settings.CallOptionsActions.Count > 0)
        {
            invoker = new CallOptionsInvoker(invoker, settings.CallOptionsActions, services);
        }

        return settings.Creator is null ? ClientConstructor<TClient>.Create(services, [invoker]) : (TClient)settings.Creator(invoker);
    }

    public static CallInvoker Build(CallInvoker invoker, GrpcClientFactoryOptions settings, IServiceProvider services, InterceptorScope scope)
    {
        var interceptors = settings.InterceptorRegistrations.Where(one => one.Scope == scope).Select(one => one.Creator(services)).ToArray();
        return interceptors.Length == 0 ? invoker : invoker.Intercept(interceptors);
    }

    private static class ClientConstructor<TClient>
    {
        public static readonly ObjectFactory<TClient> Create = ActivatorUtilities.CreateFactory<TClient>([typeof(CallInvoker)]);
    }
}

/// <summary>One channel per client name, for the life of the application.</summary>
internal sealed class CallInvokerFactory(
    IServiceProvider services, IHttpMessageHandlerFactory handlers, IOptionsMonitor<GrpcClientFactoryOptions> options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<(GrpcChannel Channel, CallInvoker Invoker)>> channels = new();

    public CallInvoker Get(string name) => channels.GetOrAdd(name, key => new(() => Create(key))).Value.Invoker;

    public void Dispose()
    {
        foreach (var made in channels.Values.Where(one => one.IsValueCreated))
        {
            made.Value.Channel.Dispose();
        }
    }

    private (GrpcChannel, CallInvoker) Create(string name)
    {
        var settings = options.Get(name);
        var channelOptions = new GrpcChannelOptions { HttpHandler = handlers.CreateHandler(name), ServiceProvider = services };
        foreach (var configure in settings.ChannelOptionsActions)
        {
            configure(channelOptions);
        }

        var address = settings.Address
            ?? throw new InvalidOperationException(
                $"Could not resolve the address for gRPC client '{name}'. Set an address when registering the client.");
        var channel = GrpcChannel.ForAddress(address, channelOptions);
        return (channel, DefaultGrpcClientFactory.Build(channel.CreateCallInvoker(), settings, services, InterceptorScope.Channel));
    }
}

/// <summary>Applies the options that clients of that name set for every call.</summary>
internal sealed class CallOptionsInvoker(CallInvoker inner, IList<Action<CallOptionsContext>> actions, IServiceProvider services) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.BlockingUnaryCall(method, host, Apply(options), request);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.AsyncUnaryCall(method, host, Apply(options), request);

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.AsyncServerStreamingCall(method, host, Apply(options), request);

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        inner.AsyncClientStreamingCall(method, host, Apply(options));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        inner.AsyncDuplexStreamingCall(method, host, Apply(options));

    private CallOptions Apply(CallOptions options)
    {
        var context = new CallOptionsContext(options, services);
        foreach (var action in actions)
        {
            action(context);
        }

        return context.CallOptions;
    }
}
