using Grpc.AspNetCore.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Grpc.AspNetCore.Server
{
    public interface IGrpcServerBuilder
    {
        IServiceCollection Services { get; }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    public static class GrpcServicesExtensions
    {
        public static IGrpcServerBuilder AddGrpc(this IServiceCollection services)
        {
            ArgumentNullException.ThrowIfNull(services);
            services.AddRouting();
            services.AddOptions();
            services.AddMetrics();
            services.TryAddSingleton<ServerTelemetry>();
            services.TryAddSingleton<MappedPatterns>();
            return new GrpcServerBuilder(services);
        }

        public static IGrpcServerBuilder AddGrpc(this IServiceCollection services, Action<GrpcServiceOptions> configureOptions) =>
            services.Configure(configureOptions).AddGrpc();

        public static IGrpcServerBuilder AddServiceOptions<TService>(
            this IGrpcServerBuilder grpcBuilder, Action<GrpcServiceOptions<TService>> configure)
            where TService : class
        {
            ArgumentNullException.ThrowIfNull(grpcBuilder);
            grpcBuilder.Services.Configure(configure);
            return grpcBuilder;
        }

        private sealed class GrpcServerBuilder(IServiceCollection services) : IGrpcServerBuilder
        {
            public IServiceCollection Services => services;
        }
    }
}
