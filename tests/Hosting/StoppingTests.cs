using System.Diagnostics;

namespace SecondOpinion.Tests.Hosting;

public sealed class StoppingTests
{
    [Fact]
    public async Task Everything_stops_in_reverse_order_and_nothing_is_left()
    {
        var order = Path.GetTempFileName();
        await using var builder = Sample.Create();
        var script = (string name) => $"trap 'echo {name} >> {order}; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
        var bottom = builder.AddShell("bottom", script("bottom"));
        var middle = builder.AddShell("middle", script("middle")).WaitFor(bottom);
        builder.AddShell("top", script("top")).WaitFor(middle);
        await using var app = await builder.StartAsync();
        string[] names = ["bottom", "middle", "top"];
        await Eventually.True(() => names.All(name => app.Output(name).Contains("ready")), "all three run");
        await Task.WhenAll(names.Select(name => app.SeeAsync(name, static snapshot => snapshot.State?.Text == KnownResourceStates.Running)));
        var processes = names.Select(app.ProcessId).ToList();

        await app.StopAsync();

        (await File.ReadAllLinesAsync(order)).ShouldBe(["top", "middle", "bottom"]);
        processes.ShouldAllBe(static id => !Sample.Lives(id));
        File.Delete(order);
    }

    [Fact]
    public async Task What_does_not_heed_SIGTERM_is_killed_after_ten_seconds_with_its_children()
    {
        await using var builder = Sample.Create();
        builder.AddShell("stubborn", "trap '' TERM; (trap '' TERM; echo child $(exec sh -c 'echo $PPID'); while :; do sleep 1; done) & wait; while :; do sleep 1; done");
        await using var app = await builder.StartAsync();
        await Eventually.True(() => app.Output("stubborn").Any(static line => line.StartsWith("child ")), "the child runs");
        await app.SeeAsync("stubborn", static snapshot => snapshot.State?.Text == KnownResourceStates.Running);
        var parent = app.ProcessId("stubborn");
        var child = int.Parse(app.Output("stubborn").Single(static line => line.StartsWith("child "))["child ".Length..]);
        Sample.Lives(child).ShouldBeTrue();
        var watch = Stopwatch.StartNew();

        await app.StopAsync();

        watch.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(9));
        Sample.Lives(parent).ShouldBeFalse();
        await Eventually.True(() => !Sample.Lives(child), "the child is gone too");
        app.Output("stubborn").ShouldContain("did not stop within 10 s and was killed");
    }

    [Fact]
    public async Task Killing_the_host_with_SIGKILL_leaves_no_process()
    {
        var data = Directory.CreateTempSubdirectory("orphans-");
        var start = new ProcessStartInfo("dotnet", [Sample.AppHostAssembly, "--data", data.FullName, "--console", "All", "--dashboard", "0"])
        {
            RedirectStandardOutput = true,
        };
        using var host = Process.Start(start)!;
        _ = host.StandardOutput.ReadToEndAsync();
        await Eventually.True(
            () => Logged(data.FullName, "front", "Application started"), "the whole sample system runs", TimeSpan.FromSeconds(120));
        var below = Descendants(host.Id);
        string[] expected = ["postgres", "beam.smp", "epmd", "dotnet", "sleep", "sh"];
        var names = below.Select(Name).ToHashSet();
        expected.ShouldAllBe(name => names.Contains(name));

        host.Kill(entireProcessTree: false);

        await Eventually.True(
            () => below.All(static id => !Sample.Lives(id)), "all processes of the host are gone", TimeSpan.FromSeconds(20));
        data.Delete(recursive: true);
    }

    private static bool Logged(string data, string resource, string text)
    {
        var log = Path.Combine(data, "logs", resource + ".log");
        if (!File.Exists(log))
        {
            return false;
        }

        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Contains(text);
    }

    private static List<int> Descendants(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(static folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                var stat = File.ReadAllText(folder + "/stat");
                parents[int.Parse(Path.GetFileName(folder))] = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
            }
            catch (IOException)
            {
                // Ended meanwhile.
                continue;
            }
        }

        List<int> found = [];
        for (List<int> level = [root]; level.Count > 0;)
        {
            level = [.. parents.Where(pair => level.Contains(pair.Value)).Select(static pair => pair.Key)];
            found.AddRange(level);
        }

        return found;
    }

    private static string Name(int processId) => File.ReadAllText($"/proc/{processId}/comm").Trim();
}
