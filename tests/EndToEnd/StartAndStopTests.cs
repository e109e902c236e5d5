using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
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

    [Fact]
    public async Task Killed_without_a_word_it_leaves_no_process_behind()
    {
        var data = AppHostProcess.NewDataFolder();
        using var host = AppHostProcess.Start(data, "--no-demo");
        await host.Says("ready in", StartLimit);
        var started = host.Everything();
        started.Count.ShouldBeGreaterThan(10);

        Processes.Kill(host.ProcessId);

        await Eventually.True(() => !started.Any(Processes.Lives) && host.Everything().Count == 0, "everything it started is gone", TimeSpan.FromSeconds(15));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Services_in_several_processes_share_the_calls_and_no_secret_is_on_a_command_line()
    {
        var data = AppHostProcess.NewDataFolder();
        using var host = AppHostProcess.Start(data, "--once", "--replicas", "intake=2,billing=2");
        await host.Says("ready in", StartLimit);
        var commandLines = host.Everything().Select(id => Processes.CommandLine(id.Pid)).ToList();
        var secrets = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(data, "keys.json")))!.AsObject().Select(key => (string)key.Value!).ToList();

        (await host.Exited(StartLimit)).ShouldBe(0, host.Output);

        string[] processes = ["intake-0", "intake-1", "billing-0", "billing-1"];
        processes.ShouldAllBe(process => host.Output.Contains($"{process,-12} Running"));
        secrets.Count.ShouldBe(15);
        secrets.ShouldAllBe(secret => !commandLines.Any(line => line.Contains(secret)));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_taken_port_is_named_with_who_has_it()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        var data = AppHostProcess.NewDataFolder();
        using var host = AppHostProcess.StartOn(taken, data, "--no-demo");

        (await host.Exited(StartLimit)).ShouldBe(1);

        host.Output.ShouldContain($"Port {taken} is taken by ");
        host.Output.ShouldContain($"(process {Environment.ProcessId})");
        Directory.Delete(data, recursive: true);
    }
}
