using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SecondOpinion.AppHost.Commands;
using SecondOpinion.AppHost.Resources;
using SecondOpinion.AppHost.Story;

namespace SecondOpinion.AppHost;

/// <summary>Starts the system, says where everything is, plays the story and stays up until told to stop.</summary>
internal static class Running
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(240);

    public static async Task<int> Run(IDistributedApplicationBuilder builder, RunOptions options, Dashboard dashboard)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            await builder.Build().RunAsync();
            return 0;
        }

        var watch = Stopwatch.StartNew();
        Stopping.MarkChildren();
        builder.Services.AddSingleton<RestartWhatEnds>().AddHostedService(services => services.GetRequiredService<RestartWhatEnds>());
        builder.Services.AddHostedService<LogFiles>();
        // Not those that Aspire adds for itself, which nobody starts.
        var resources = builder.Resources
            .Where(
                resource =>
                    resource is (ProjectResource or ExecutableResource or ContainerResource) && !resource.HasAnnotationOfType<ExplicitStartupAnnotation>())
                    .ToList();
        await using var app = builder.Build();
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        Console.WriteLine($"Starting PostgreSQL, RabbitMQ, five services, the issuer of tokens and the gateway (data in {options.DataFolder})…");
        var success = false;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
            limit.CancelAfter(ReadyLimit);
            await app.StartAsync(limit.Token);
            await Task.WhenAll(resources.OfType<ProjectResource>().Select(resource => UntilHealthy(resource, app, limit.Token)));
            ResourceTable.Print(resources, app, dashboard);
            Console.WriteLine($"ready in {watch.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
            Console.WriteLine();
            success = await StayUp(builder, resources, options, lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            if (!lifetime.ApplicationStopping.IsCancellationRequested)
            {
                Console.Error.WriteLine($"Not everything became healthy within {ReadyLimit.TotalSeconds:0} s; see {options.LogFolder}.");
            }
        }

        Console.WriteLine("Stopping…");
        await Stopping.Stop(app, resources);
        Console.WriteLine("Stopped.");
        return success ? 0 : 1;
    }

    /// <summary>Asked here as soon as it may answer: Aspire itself looks at what is not healthy only every 5 s.</summary>
    private static async Task UntilHealthy(ProjectResource resource, DistributedApplication app, CancellationToken cancel)
    {
        await app.ResourceNotifications.WaitForResourceAsync(resource.Name, KnownResourceStates.Running, cancel);
        using var client = new HttpClient { BaseAddress = new Uri(resource.GetEndpoint("http").Url), Timeout = TimeSpan.FromSeconds(5) };
        while (!await IsHealthy(client, cancel))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancel);
        }
    }

    private static async Task<bool> IsHealthy(HttpClient client, CancellationToken cancel)
    {
        try
        {
            using var answer = await client.GetAsync("/health", cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // It does not listen yet, or is too busy starting.
            return false;
        }
    }

    private static async Task<bool> StayUp(
        IDistributedApplicationBuilder builder, IReadOnlyList<IResource> resources, RunOptions options, CancellationToken stopping)
    {
        var success = true;
        var gateway = resources.OfType<ProjectResource>().Single(resource => resource.Name == "gateway").GetEndpoint("http").Url;
        await File.WriteAllTextAsync(OpsClient.GatewayFile(options.DataFolder), gateway, stopping);
        var identity = resources.OfType<ProjectResource>().First(resource =>
            resource.Name.StartsWith("identity", StringComparison.Ordinal)).GetEndpoint("http").Url;
        await File.WriteAllTextAsync(LocalIdentity.AddressFile(options.DataFolder), identity, stopping);
        if (options.Demo)
        {
            var root = Path.GetFullPath("..", builder.AppHostDirectory);
            success = await SampleStory.Play(new Uri(gateway), options.DataFolder, root, new Narrator(Console.Out), stopping);
        }

        if (!options.Once && !stopping.IsCancellationRequested)
        {
            Console.WriteLine("Running. Ctrl-C stops everything.");
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = stopping.Register(told.SetResult);
            await told.Task;
        }

        return success;
    }
}
