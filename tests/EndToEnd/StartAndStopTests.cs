using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

public sealed class StartAndStopTests
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_story_is_told_by_several_processes_a_service_and_once_more_over_its_own_data_and_no_process_or_secret_is_left_in_sight()
    {
        var data = AppHostProcess.NewDataFolder();
        foreach (var replicas in (string[])["intake=2,billing=2", ""])
        {
            using var host = AppHostProcess.Start(data, "--once", "--throwaway", "--replicas", replicas);
            await host.Says("ready in", StartLimit);
            var started = host.Everything();
            started.Count.ShouldBeGreaterThan(10, "five services, the gateway, PostgreSQL with its backends, RabbitMQ with its name server, the host");
            var commandLines = started.Select(id => Processes.CommandLine(id.Pid)).ToList();
            var secrets = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(data, "keys.json")))!.AsObject().Select(key => (string)key.Value!).ToList();
            secrets.Count.ShouldBe(34);
            secrets.ShouldAllBe(secret => !commandLines.Any(line => line.Contains(secret)));

            (await host.Exited(StartLimit)).ShouldBe(0, $"with replicas '{replicas}':\n{host.Output}");

            string[] processes = replicas.Length > 0 ? ["intake-0", "intake-1", "billing-0", "billing-1"] : ["intake", "billing"];
            processes.ShouldAllBe(process => host.Output.Contains($"{process,-12} Running"));
            started.Where(Processes.Lives).ShouldBeEmpty();
            host.Everything().ShouldBeEmpty();
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>By Ctrl-C; the shared system is ended by SIGTERM.</summary>
    [Fact]
    public async Task Told_to_stop_in_the_middle_of_the_story_nothing_is_left_alive()
    {
        var data = AppHostProcess.NewDataFolder();
        using var host = AppHostProcess.Start(data, "--throwaway");
        await host.Says("✓ documents", StartLimit);
        var started = host.Everything();
        started.Count.ShouldBeGreaterThan(10);

        Processes.Interrupt(host.ProcessId);

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
        using var host = AppHostProcess.Start(data, "--no-demo", "--throwaway");
        await host.Says("ready in", StartLimit);
        var started = host.Everything();
        started.Count.ShouldBeGreaterThan(10);

        Processes.Kill(host.ProcessId);

        await Eventually.True(() => !started.Any(Processes.Lives) && host.Everything().Count == 0, "everything it started is gone", TimeSpan.FromSeconds(15));
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
