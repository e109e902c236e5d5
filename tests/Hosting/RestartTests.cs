using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.AppHost;
using SecondOpinion.AppHost.Resources;

namespace SecondOpinion.Tests.Hosting;

/// <summary>On Aspire's real orchestrator, with shell commands for services.</summary>
public sealed class RestartTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task What_ends_is_started_again_with_growing_pauses_and_then_called_a_crash_loop()
    {
        var runs = Path.GetTempFileName();
        await using var app = await Start("doomed", $"echo run >> {runs}; exit 7");

        var loop = await app.ResourceNotifications.WaitForResourceAsync("doomed", change => change.Snapshot.State?.Text == RestartWhatEnds.CrashLoop)
            .WaitAsync(Limit);

        loop.Snapshot.State!.Style.ShouldBe(KnownResourceStateStyles.Error);
        File.ReadLines(runs).Count().ShouldBe(4);
        loop.Snapshot.Properties.Single(property => property.Name == "Last end").Value!.ToString()!.ShouldEndWith("; starts again in 8 s");
        await app.StopAsync();
        File.Delete(runs);
    }

    [Fact]
    public async Task What_was_stopped_by_its_command_stays_stopped()
    {
        var runs = Path.GetTempFileName();
        await using var app = await Start("toy", $"echo run >> {runs}; exec sleep 1000");
        await app.ResourceNotifications.WaitForResourceAsync("toy", KnownResourceStates.Running).WaitAsync(Limit);
        await Eventually.True(() => File.ReadLines(runs).Any(), "it runs");

        (await app.ResourceCommands.ExecuteCommandAsync("toy", KnownResourceCommands.StopCommand)).Success.ShouldBeTrue();
        (await app.ResourceCommands.ExecuteCommandAsync("toy", KnownResourceCommands.StartCommand)).Success.ShouldBeTrue();

        // Were the stop taken for an end, there would be a third run.
        await Eventually.True(() => File.ReadLines(runs).Count() == 2, "it runs again because it was told to");
        await app.ResourceNotifications.WaitForResourceAsync("toy", KnownResourceStates.Running).WaitAsync(Limit);
        await app.StopAsync();
        File.ReadLines(runs).Count().ShouldBe(2);
        File.Delete(runs);
    }

    [Fact]
    public async Task A_start_that_the_orchestrator_refuses_or_fails_in_is_tried_until_it_starts()
    {
        var runs = Path.GetTempFileName();
        var end = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var app = await Start("toy", $"echo run >> {runs}; while [ ! -e {end} ]; do sleep 0.1; done; rm {end}");
        await app.ResourceNotifications.WaitForResourceAsync("toy", KnownResourceStates.Running).WaitAsync(Limit);
        var toy = app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == "toy");
        var start = toy.Annotations.OfType<ResourceCommandAnnotation>().Single(command => command.Name == KnownResourceCommands.StartCommand);
        var asked = 0;
        toy.Annotations.Remove(start);
        toy.Annotations.Add(new ResourceCommandAnnotation(
            start.Name, start.DisplayName, start.UpdateState,
            async context => ++asked switch
            {
                1 => CommandResults.Failure("It is still being cleared away."),
                2 => throw new IOException("The orchestrator does not answer."),
                _ => await start.ExecuteCommand(context),
            },
            null, null, null, null, null, false));

        await File.WriteAllTextAsync(end, "");
        var lastEnd = (await app.ResourceNotifications.WaitForResourceAsync("toy", change => change.Snapshot.StopTimeStamp is not null).WaitAsync(Limit))
            .Snapshot.StopTimeStamp;

        await Eventually.True(() => File.ReadLines(runs).Count() == 2, "it was started again", Limit);
        asked.ShouldBe(3);

        // A dependency is away: the orchestrator says so on what it knew of the last end.
        await app.ResourceNotifications.WaitForResourceAsync("toy", KnownResourceStates.Running).WaitAsync(Limit);
        app.ResourceNotifications.TryGetCurrentState("toy", out var running).ShouldBeTrue();
        await app.ResourceNotifications.PublishUpdateAsync(
            running!.Resource, running.ResourceId, now => now with { State = KnownResourceStates.FailedToStart, StopTimeStamp = lastEnd });
        await Eventually.True(() => asked > 3, "it is started again", Limit);
        await app.StopAsync();
        File.Delete(runs);
    }

    private static async Task<DistributedApplication> Start(string name, string script)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--ASPIRE_ALLOW_UNSECURED_TRANSPORT=true", "--ASPIRE_VERSION_CHECK_DISABLED=true", "--DcpPublisher:WaitForResourceCleanup=true"],
            DisableDashboard = true,
            AssemblyName = typeof(RunOptions).Assembly.GetName().Name,
        });
        builder.AddExecutable(name, "/bin/sh", "/tmp", "-c", script);
        builder.Services.AddSingleton(TimeProvider.System).AddHostedService<RestartWhatEnds>();
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }
}
