namespace SecondOpinion.Tests.Hosting;

public sealed class FailureTests
{
    [Fact]
    public async Task Waiting_has_a_visible_reason_until_the_other_is_healthy()
    {
        await using var builder = Sample.Create();
        var sick = builder.AddShell("sick", "exec sleep 100").WithHttpEndpoint(env: "PORT").WithHttpHealthCheck();
        builder.AddShell("patient", "echo my turn").WaitFor(sick);
        await using var app = await builder.StartAsync();

        var waiting = await app.SeeAsync("patient", static snapshot => snapshot.Reason()?.Contains("not healthy") == true);

        waiting.Snapshot.State!.Text.ShouldBe(KnownResourceStates.Waiting);
        waiting.Snapshot.Reason().ShouldBe("waits for sick (not healthy yet)");
        app.Output("patient").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_crashed_process_is_started_again_and_says_how_it_ended()
    {
        await using var builder = Sample.Create();
        builder.AddService("brittle");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("brittle");
        var first = app.ProcessId("brittle");
        using var client = app.CreateHttpClient("brittle");

        await Should.ThrowAsync<HttpRequestException>(() => client.PostAsync("crash", null));

        var restarting = await app.SeeAsync("brittle", static snapshot => snapshot.State?.Text == "Restarting");
        restarting.Snapshot.Reason()!.ShouldStartWith("exited with code 3 after ");
        restarting.Snapshot.Reason()!.ShouldEndWith("; starts again in 1 s");
        await app.HealthyAsync("brittle");
        app.ProcessId("brittle").ShouldNotBe(first);
        (await client.GetStringAsync("pid")).ShouldNotBe(first.ToString());
    }

    [Fact]
    public async Task What_crashes_again_and_again_is_a_crash_loop_with_growing_pauses()
    {
        await using var builder = Sample.Create();
        builder.AddShell("doomed", "echo out of luck; exit 7");
        await using var app = await builder.StartAsync();

        var loop = await app.SeeAsync("doomed", static snapshot => snapshot.State?.Text == "Crash loop");

        loop.Snapshot.State!.Style.ShouldBe("error");
        loop.Snapshot.Reason()!.ShouldStartWith("exited with code 7 after ");
        var lines = app.Output("doomed");
        lines.Count(static line => line == "out of luck").ShouldBe(4);
        foreach (var pause in (int[])[1, 2, 4, 8])
        {
            lines.ShouldContain(line => line.EndsWith($"starts again in {pause} s"));
        }
    }

    [Theory]
    [InlineData("no-such-program-here", "no-such-program-here cannot be run: ")]
    [InlineData("./no-such-file", "/tmp/no-such-file does not exist")]
    public async Task A_program_that_is_not_there_fails_with_one_line(string command, string reason)
    {
        await using var builder = Sample.Create();
        builder.AddExecutable("ghost", command, "/tmp");
        await using var app = await builder.StartAsync();

        var failed = await app.SeeAsync("ghost", static snapshot => snapshot.State?.Text == KnownResourceStates.FailedToStart);

        failed.Snapshot.Reason()!.ShouldStartWith(reason);
        failed.Snapshot.Reason()!.ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_project_that_is_not_built_says_what_to_do()
    {
        var folder = Directory.CreateTempSubdirectory("unbuilt-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Unbuilt.csproj"), "<Project />");
        await using var builder = Sample.Create();
        builder.AddProject("unbuilt", Path.Combine(folder.FullName, "Unbuilt.csproj"));
        await using var app = await builder.StartAsync();

        var failed = await app.SeeAsync("unbuilt", static snapshot => snapshot.State?.Text == KnownResourceStates.FailedToStart);

        failed.Snapshot.Reason().ShouldBe($"it is not built yet: run dotnet build {folder.FullName}/Unbuilt.csproj");
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_parameter_without_a_value_names_the_key_that_is_missing()
    {
        await using var builder = Sample.Create();
        builder.AddService("needy").WithEnvironment("KEY", builder.AddParameter("license-key", secret: true));
        await using var app = await builder.StartAsync();

        var missing = await app.SeeAsync("needy", static snapshot => snapshot.State?.Text == KnownResourceStates.ValueMissing);

        missing.Snapshot.Reason()!.ShouldContain("Parameters:license-key");
    }

    [Fact]
    public async Task A_parameter_comes_from_configuration_first()
    {
        await using var builder = Sample.Create("--Parameters:license-key=abc");
        var parameter = builder.AddParameter("license-key", secret: true);
        var fallback = builder.AddParameter("other", "default");

        (await parameter.Resource.GetValueAsync(default)).ShouldBe("abc");
        (await fallback.Resource.GetValueAsync(default)).ShouldBe("default");
    }

    [Fact]
    public async Task A_replica_that_turns_sick_is_shown_so_and_keeps_running()
    {
        await using var builder = Sample.Create();
        builder.AddService("moody");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("moody");
        using var client = app.CreateHttpClient("moody");
        await client.PostAsync("sick", null);

        var sick = await app.SeeAsync("moody", static snapshot =>
            snapshot.HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy);

        sick.Snapshot.State!.Text.ShouldBe(KnownResourceStates.Running);
        sick.Snapshot.HealthReports.Single().Description.ShouldBe($"GET {client.BaseAddress}health answers 503");
    }
}
