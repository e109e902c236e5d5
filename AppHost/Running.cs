using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SecondOpinion.AppHost.Commands;
using SecondOpinion.AppHost.Story;

namespace SecondOpinion.AppHost;

/// <summary>Starts the system, says where everything is, plays the story and stays up until told to stop.</summary>
internal static class Running
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(120);

    public static async Task<int> Run(IDistributedApplicationBuilder builder, RunOptions options)
    {
        var watch = Stopwatch.StartNew();
        await using var app = builder.Build();
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        Console.WriteLine($"Starting PostgreSQL, RabbitMQ, five services and the gateway (data in {options.DataFolder})…");
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
            limit.CancelAfter(ReadyLimit);
            await app.StartAsync(limit.Token);
            foreach (var resource in builder.Resources.OfType<ProjectResource>())
            {
                await app.ResourceNotifications.WaitForResourceHealthyAsync(resource.Name, limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            if (!lifetime.ApplicationStopping.IsCancellationRequested)
            {
                Console.Error.WriteLine($"Not everything became healthy within {ReadyLimit.TotalSeconds:0} s; see {Path.Combine(options.DataFolder, "logs")}.");
            }

            await app.StopAsync();
            return 1;
        }

        var gateway = builder.Resources.OfType<ProjectResource>().Single(r => r.Name == "gateway").GetEndpoint("http").Url;
        await File.WriteAllTextAsync(KeysCommand.GatewayFile(options.DataFolder), gateway);
        ResourceTable.Print(builder, app);
        Console.WriteLine($"ready in {watch.Elapsed.TotalSeconds:0.0} s");
        Console.WriteLine();
        var success = true;
        if (options.Demo)
        {
            var root = Path.GetFullPath("..", builder.AppHostDirectory);
            success = await SampleStory.Play(new Uri(gateway), options.DataFolder, root, new Narrator(Console.Out), lifetime.ApplicationStopping);
        }

        if (!options.Once && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            Console.WriteLine("Running. Ctrl-C stops everything.");
            var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = lifetime.ApplicationStopping.Register(stopping.SetResult);
            await stopping.Task;
        }

        Console.WriteLine("Stopping…");
        await app.StopAsync();
        Console.WriteLine("Stopped.");
        return success ? 0 : 1;
    }
}
