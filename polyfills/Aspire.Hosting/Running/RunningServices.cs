using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

internal static class RunningServices
{
    public static void AddRunning(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<HostConsole>();
        services.AddSingleton<OtlpEnvironment>();
        services.AddSingleton<Page.ProcessSampler>();
        services.AddSingleton<Page.ResourcePage>();
        services.AddSingleton<Orchestrator>();

        // The page listens before the first resource starts, and is stopped after the last.
        services.AddHostedService(static provider => provider.GetRequiredService<Page.ResourcePage>());
        services.AddHostedService(static provider => provider.GetRequiredService<Orchestrator>());

        // Levels stop one after the other, each with 10 s of patience.
        services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMinutes(2));
        services.Configure<ConsoleLifetimeOptions>(static options => options.SuppressStatusMessages = true);
    }
}
