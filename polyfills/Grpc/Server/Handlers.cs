using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Grpc.AspNetCore.Server;

internal delegate Task<TResponse> UnaryMethod<TService, TRequest, TResponse>(TService service, TRequest request, ServerCallContext context);

internal delegate Task ServerStreamingMethod<TService, TRequest, TResponse>(
    TService service, TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context);

internal delegate Task<TResponse> ClientStreamingMethod<TService, TRequest, TResponse>(
    TService service, IAsyncStreamReader<TRequest> requests, ServerCallContext context);

internal delegate Task DuplexStreamingMethod<TService, TRequest, TResponse>(
    TService service, IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context);

internal sealed class UnaryHandler<TService, TRequest, TResponse>(
    HandlerHost<TService> host, Method<TRequest, TResponse> method, UnaryMethod<TService, TRequest, TResponse> invoke)
    : ServerCallHandler<TService, TRequest, TResponse>(host, method)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, TService service)
    {
        var request = await call.ReadSingleAsync(Method.RequestMarshaller);
        var response = Host.Interceptors.Length == 0
            ? await invoke(service, request, call)
            : await InterceptorChain.RunAsync(Host.Interceptors, call, interceptors =>
            {
                UnaryServerMethod<TRequest, TResponse> next = (message, context) => invoke(service, message, context);
                foreach (var interceptor in interceptors)
                {
                    var inner = next;
                    next = (message, context) => interceptor.UnaryServerHandler(message, context, inner);
                }

                return next(request, call);
            });
        await call.WriteSingleAsync(Method.ResponseMarshaller, response);
    }
}

internal sealed class ServerStreamingHandler<TService, TRequest, TResponse>(
    HandlerHost<TService> host, Method<TRequest, TResponse> method, ServerStreamingMethod<TService, TRequest, TResponse> invoke)
    : ServerCallHandler<TService, TRequest, TResponse>(host, method)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, TService service)
    {
        var request = await call.ReadSingleAsync(Method.RequestMarshaller);
        var responses = new ResponseStream<TResponse>(call, Method.ResponseMarshaller);
        if (Host.Interceptors.Length == 0)
        {
            await invoke(service, request, responses, call);
            return;
        }

        await InterceptorChain.RunAsync<object?>(Host.Interceptors, call, async interceptors =>
        {
            ServerStreamingServerMethod<TRequest, TResponse> next = (message, writer, context) => invoke(service, message, writer, context);
            foreach (var interceptor in interceptors)
            {
                var inner = next;
                next = (message, writer, context) => interceptor.ServerStreamingServerHandler(message, writer, context, inner);
            }

            await next(request, responses, call);
            return null;
        });
    }
}

internal sealed class ClientStreamingHandler<TService, TRequest, TResponse>(
    HandlerHost<TService> host, Method<TRequest, TResponse> method, ClientStreamingMethod<TService, TRequest, TResponse> invoke)
    : ServerCallHandler<TService, TRequest, TResponse>(host, method)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, TService service)
    {
        var requests = new RequestStream<TRequest>(call, Method.RequestMarshaller);
        var response = Host.Interceptors.Length == 0
            ? await invoke(service, requests, call)
            : await InterceptorChain.RunAsync(Host.Interceptors, call, interceptors =>
            {
                ClientStreamingServerMethod<TRequest, TResponse> next = (reader, context) => invoke(service, reader, context);
                foreach (var interceptor in interceptors)
                {
                    var inner = next;
                    next = (reader, context) => interceptor.ClientStreamingServerHandler(reader, context, inner);
                }

                return next(requests, call);
            });
        await call.WriteSingleAsync(Method.ResponseMarshaller, response);
    }
}

internal sealed class DuplexStreamingHandler<TService, TRequest, TResponse>(
    HandlerHost<TService> host, Method<TRequest, TResponse> method, DuplexStreamingMethod<TService, TRequest, TResponse> invoke)
    : ServerCallHandler<TService, TRequest, TResponse>(host, method)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, TService service)
    {
        var requests = new RequestStream<TRequest>(call, Method.RequestMarshaller);
        var responses = new ResponseStream<TResponse>(call, Method.ResponseMarshaller);
        if (Host.Interceptors.Length == 0)
        {
            await invoke(service, requests, responses, call);
            return;
        }

        await InterceptorChain.RunAsync<object?>(Host.Interceptors, call, async interceptors =>
        {
            DuplexStreamingServerMethod<TRequest, TResponse> next = (reader, writer, context) => invoke(service, reader, writer, context);
            foreach (var interceptor in interceptors)
            {
                var inner = next;
                next = (reader, writer, context) => interceptor.DuplexStreamingServerHandler(reader, writer, context, inner);
            }

            await next(requests, responses, call);
            return null;
        });
    }
}

internal static class InterceptorChain
{
    /// <summary>Makes the call's interceptors, innermost first, runs the call in them and disposes of those made for it.</summary>
    public static async Task<T> RunAsync<T>(
        InterceptorActivator[] activators, ServerCall call, Func<IReadOnlyList<Interceptor>, Task<T>> run)
    {
        var interceptors = new List<Interceptor>(activators.Length);
        var owned = new List<Interceptor>();
        try
        {
            foreach (var activator in activators.Reverse())
            {
                var (interceptor, isOwned) = activator.Create(call.Http.RequestServices);
                interceptors.Add(interceptor);
                if (isOwned)
                {
                    owned.Add(interceptor);
                }
            }

            return await run(interceptors);
        }
        finally
        {
            foreach (var interceptor in owned)
            {
                await Disposal.DisposeAsync(interceptor);
            }
        }
    }
}
