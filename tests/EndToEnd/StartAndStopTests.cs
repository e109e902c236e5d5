using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

public sealed class StartAndStopTests
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_story_is_told_once_and_once_more_over_its_own_data_and_no_process_is_left()
    {
        var data = AppHostProcess.NewDataFolder();
        foreach (var time in (string[])["first", "second"])
        {
            using var host = AppHostProcess.Start(data, "--once");
            await host.Says("ready in", StartLimit);
            var started = host.Everything();
            started.Count.ShouldBeGreaterThan(10, "five services, the gateway, PostgreSQL with its backends, RabbitMQ with its name server, the host");

            (await host.Exited(StartLimit)).ShouldBe(0, $"the {time} time:\n{host.Output}");

            started.Where(Processes.Lives).ShouldBeEmpty();
            host.Everything().ShouldBeEmpty();
        }

        Directory.Delete(data, recursive: true);
    }

    [Theory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    public async Task Told_to_stop_in_the_middle_of_the_story_nothing_is_left_alive(string signal)
    {
        var data = AppHostProcess.NewDataFolder();
        using var host = AppHostProcess.Start(data);
        await host.Says("✓ documents", StartLimit);
        var started = host.Everything();
        started.Count.ShouldBeGreaterThan(10);

        if (signal == "SIGTERM")
        {
            Processes.Terminate(host.ProcessId);
        }
        else
        {
            Processes.Interrupt(host.ProcessId);
        }

        await host.Exited(StopLimit);
        started.Where(Processes.Lives).ShouldBeEmpty(host.Output);
        host.Everything().ShouldBeEmpty(host.Output);
        host.Output.ShouldNotContain("✓ trace", customMessage: "the story was to be cut short");
        Directory.Delete(data, recursive: true);
    }
}
