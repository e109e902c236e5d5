using System.Diagnostics.CodeAnalysis;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server
{
    public sealed class GrpcServiceEndpointConventionBuilder : Microsoft.AspNetCore.Builder.IEndpointConventionBuilder
    {
        private readonly IReadOnlyList<Microsoft.AspNetCore.Builder.IEndpointConventionBuilder> endpoints;

        internal GrpcServiceEndpointConventionBuilder(IReadOnlyList<Microsoft.AspNetCore.Builder.IEndpointConventionBuilder> endpoints) =>
            this.endpoints = endpoints;

        public void Add(Action<Microsoft.AspNetCore.Builder.EndpointBuilder> convention)
        {
            foreach (var endpoint in endpoints)
            {
                endpoint.Add(convention);
            }
        }

        public void Finally(Action<Microsoft.AspNetCore.Builder.EndpointBuilder> finalConvention)
        {
            foreach (var endpoint in endpoints)
            {
                endpoint.Finally(finalConvention);
            }
        }
    }

    /// <summary>Endpoint metadata that says which gRPC method the endpoint serves.</summary>
    public sealed class GrpcMethodMetadata
    {
        public GrpcMethodMetadata(Type serviceType, IMethod method)
        {
            ArgumentNullException.ThrowIfNull(serviceType);
            ArgumentNullException.ThrowIfNull(method);
            ServiceType = serviceType;
            Method = method;
        }

        public Type ServiceType { get; }

        public IMethod Method { get; }
    }

    /// <summary>The call context of the current request.</summary>
    public interface IServerCallContextFeature
    {
        ServerCallContext ServerCallContext { get; }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    public static class GrpcEndpointRouteBuilderExtensions
    {
        public static GrpcServiceEndpointConventionBuilder MapGrpcService<
            [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TService>(this IEndpointRouteBuilder builder)
            where TService : class
        {
            ArgumentNullException.ThrowIfNull(builder);
            var services = builder.ServiceProvider;
            var telemetry = services.GetService<ServerTelemetry>() ?? throw new InvalidOperationException(
                "Unable to find the required services. Please add all the required services by calling "
                + "'IServiceCollection.AddGrpc' inside the call to 'ConfigureServices(...)' in the application startup code.");
            var settings = new ServiceSettings(
                services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value,
                services.GetRequiredService<IOptions<GrpcServiceOptions<TService>>>().Value);
            var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server.ServerCallHandler");
            var binder = new EndpointBinder<TService>(builder, services.GetRequiredService<MappedPatterns>(), settings, telemetry, logger);
            return new GrpcServiceEndpointConventionBuilder(binder.Bind());
        }
    }
}
