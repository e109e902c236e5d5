using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder inner;
    private readonly DistributedApplicationOptions options;

    public DistributedApplicationBuilder(string[] args)
        : this(new DistributedApplicationOptions { Args = args })
    {
    }

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        this.options = options;
        inner = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings());

        // Added here rather than by the settings above, which do not know the short names (--data, --replicas …).
        inner.Configuration.AddCommandLine(HostSettings.Expand(options.Args ?? []), HostSettings.ShortNames);

        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly();
        AppHostDirectory = options.ProjectDirectory is { } directory ? Path.GetFullPath(directory) : AppHostLocation.Find(AppHostAssembly);

        inner.Logging.ClearProviders();
        Settings = new HostSettings(inner.Configuration, options);
        Services.AddSingleton(Settings);
        Services.AddSingleton(options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton<IDistributedApplicationBuilder>(this);
        Services.AddSingleton(_ => new DistributedApplicationModel(Resources));
        Services.AddSingleton(_ => new ResourceNotificationService());
        Services.AddSingleton(_ => new ResourceLoggerService());
        Services.AddSingleton(static provider => new ResourceCommandService(provider));
        Services.AddRunning();
    }

    public ConfigurationManager Configuration => inner.Configuration;

    public IHostEnvironment Environment => inner.Environment;

    public IServiceCollection Services => inner.Services;

    public string AppHostDirectory { get; }

    public Assembly? AppHostAssembly { get; }

    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);

    public IResourceCollection Resources { get; } = new ResourceCollection();

    internal HostSettings Settings { get; }

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        if (Resources.TryGetByName(resource.Name, out var existing))
        {
            throw new DistributedApplicationException(
                $"Cannot add resource of type '{resource.GetType()}' with name '{resource.Name}' because resource of type '{existing.GetType()}' with that name already exists. Resource names are case-insensitive.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        Testing.Interception.Intercept(this);
        return BuildApplication();
    }

    internal DistributedApplication BuildApplication()
    {
        var application = new DistributedApplication(inner.Build());
        ExecutionContext.Built(application.Services);
        return application;
    }
}
