using System.Reflection;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>Told of a service's methods by its generated base, it makes an endpoint of each.</summary>
internal sealed class EndpointBinder<TService>(
    IEndpointRouteBuilder routes, MappedPatterns mapped, ServiceSettings settings, ServerTelemetry telemetry, ILogger logger)
    : ServiceBinderBase
    where TService : class
{
    private readonly List<IEndpointConventionBuilder> endpoints = [];
    private readonly HashSet<string> serviceNames = [];
    private readonly InterceptorActivator[] interceptors = [.. settings.Interceptors.Select(one => new InterceptorActivator(one))];
    private readonly ServiceActivator<TService> activator = new(routes.ServiceProvider);

    public List<IEndpointConventionBuilder> Bind()
    {
        var binding = FindBinding()
            ?? throw new InvalidOperationException($"Cannot locate a generated gRPC service base of the type {typeof(TService).FullName}.");
        var bind = binding.BindType.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Single(method =>
            method.Name == binding.BindMethodName && method.GetParameters() is [{ } first, _]
            && first.ParameterType == typeof(ServiceBinderBase));

        // Generated code accepts a null instance and then passes null handlers: only the descriptions of the methods are wanted.
        bind.Invoke(null, [this, null]);

        serviceNames.ToList().ForEach(name => MapUnimplemented(name + "/{unimplementedMethod}", "Method is unimplemented."));
        MapUnimplemented("{unimplementedService}/{unimplementedMethod}", "Service is unimplemented.");
        return endpoints;
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation(method, typeof(TRequest), typeof(ServerCallContext));
        Map(method, implementation, new UnaryHandler<TService, TRequest, TResponse>(
            Host(method), method, implementation.CreateDelegate<UnaryMethod<TService, TRequest, TResponse>>()));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation(method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(method, implementation, new ServerStreamingHandler<TService, TRequest, TResponse>(
            Host(method), method, implementation.CreateDelegate<ServerStreamingMethod<TService, TRequest, TResponse>>()));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation(method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Map(method, implementation, new ClientStreamingHandler<TService, TRequest, TResponse>(
            Host(method), method, implementation.CreateDelegate<ClientStreamingMethod<TService, TRequest, TResponse>>()));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var implementation = Implementation(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(method, implementation, new DuplexStreamingHandler<TService, TRequest, TResponse>(
            Host(method), method, implementation.CreateDelegate<DuplexStreamingMethod<TService, TRequest, TResponse>>()));
    }

    private static BindServiceMethodAttribute? FindBinding()
    {
        for (var type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } binding)
            {
                return binding;
            }
        }

        return null;
    }

    private static MethodInfo Implementation(IMethod method, params Type[] parameters) =>
        typeof(TService).GetMethod(method.Name, BindingFlags.Instance | BindingFlags.Public, parameters)
        ?? throw new InvalidOperationException($"Could not find '{method.Name}' on {typeof(TService)}.");

    private HandlerHost<TService> Host(IMethod method) => new(settings, telemetry, logger, activator, interceptors, method);

    private void Map(IMethod method, MethodInfo implementation, ServerCallHandler handler)
    {
        serviceNames.Add(method.ServiceName);
        var endpoint = routes.MapMethods(method.FullName, [HttpMethods.Post], handler.HandleAsync);
        endpoint.Add(builder =>
        {
            builder.DisplayName = $"gRPC - {method.FullName}";

            // The method's own attributes come last, and so win over those of its class.
            foreach (var attribute in typeof(TService).GetCustomAttributes(inherit: true).Concat(implementation.GetCustomAttributes(inherit: true)))
            {
                builder.Metadata.Add(attribute);
            }

            builder.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method));
        });
        endpoints.Add(endpoint);
    }

    /// <summary>Calls of what is not there must be answered in gRPC, not with a plain 404; other requests pass to other routes.</summary>
    private void MapUnimplemented(string pattern, string detail)
    {
        if (!mapped.Add(routes, pattern))
        {
            return;
        }

        var constrained = RoutePatternFactory.Parse(pattern, defaults: null, parameterPolicies: new RouteValueDictionary
        {
            ["unimplementedMethod"] = GrpcContentTypeConstraint.Instance,
        });
        routes.Map(constrained, http => ServerCallHandler.RefuseAsync(http, new Status(StatusCode.Unimplemented, detail)))
            .Add(builder => builder.DisplayName = $"gRPC - {detail}");
    }

    private sealed class GrpcContentTypeConstraint : IRouteConstraint
    {
        public static readonly GrpcContentTypeConstraint Instance = new();

        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is { Request.ContentType: { } contentType } && Protocol.IsGrpcContentType(contentType);
    }
}

/// <summary>What has been mapped already: every service maps the pattern for unknown services, and two equal ones would be ambiguous.</summary>
internal sealed class MappedPatterns
{
    private readonly HashSet<(ICollection<EndpointDataSource>, string)> patterns = [];

    public bool Add(IEndpointRouteBuilder routes, string pattern) => patterns.Add((routes.DataSources, pattern));
}
