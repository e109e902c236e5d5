using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Makes the service of one call: from the container when it is registered there, else with constructor injection.</summary>
internal sealed class ServiceActivator<TService>
    where TService : class
{
    private readonly ObjectFactory<TService>? factory;
    private readonly bool needsNothing;

    public ServiceActivator(IServiceProvider root)
    {
        if (root.GetService<IServiceProviderIsService>()?.IsService(typeof(TService)) == true)
        {
            return;
        }

        // Asking for the request's services makes a container scope; a service that wants nothing is spared it.
        needsNothing = typeof(TService).GetConstructors() is [var only] && only.GetParameters().Length == 0;
        factory = ActivatorUtilities.CreateFactory<TService>([]);
    }

    /// <summary>Whether the service belongs to the call and is disposed of with it.</summary>
    public bool IsOwned => factory is not null;

    public TService Create(Microsoft.AspNetCore.Http.HttpContext http) =>
        needsNothing ? Activator.CreateInstance<TService>()
        : factory is null ? http.RequestServices.GetRequiredService<TService>()
        : factory(http.RequestServices, []);
}

internal sealed class InterceptorActivator(InterceptorRegistration registration)
{
    private readonly object[] arguments = [.. registration.Arguments];

    public (Interceptor Interceptor, bool IsOwned) Create(IServiceProvider services)
    {
        if (arguments.Length == 0 && services.GetService(registration.Type) is Interceptor registered)
        {
            return (registered, false);
        }

        return ((Interceptor)ActivatorUtilities.CreateInstance(services, registration.Type, arguments), true);
    }
}

internal static class Disposal
{
    public static ValueTask DisposeAsync(object instance)
    {
        switch (instance)
        {
            case IAsyncDisposable later:
                return later.DisposeAsync();
            case IDisposable now:
                now.Dispose();
                return default;
            default:
                return default;
        }
    }
}
