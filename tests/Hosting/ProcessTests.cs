namespace SecondOpinion.Tests.Hosting;

public sealed class ProcessTests
{
    [Fact]
    public async Task A_project_gets_its_port_its_name_and_its_environment()
    {
        await using var builder = Sample.Create();
        var secret = builder.AddParameter("pepper", new GenerateParameterDefault { MinLength = 30 }, secret: true, persist: true);
        var service = builder.AddService("alone")
            .WithEnvironment("PLAIN", "a b")
            .WithEnvironment("PEPPER", secret)
            .WithEnvironment("HALF", $"with {secret} inside")
            .WithArgs("--one", "two three");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("alone");
        using var client = app.CreateHttpClient("alone");

        (await client.GetStringAsync("environment/PLAIN")).ShouldBe("a b");
        var pepper = await client.GetStringAsync("environment/PEPPER");
        pepper.Length.ShouldBeGreaterThanOrEqualTo(30);
        (await client.GetStringAsync("environment/HALF")).ShouldBe($"with {pepper} inside");
        (await client.GetStringAsync("environment/OTEL_SERVICE_NAME")).ShouldBe("alone");
        (await client.GetStringAsync("environment/OTEL_RESOURCE_ATTRIBUTES")).ShouldBe("service.instance.id=alone");
        (await client.GetStringAsync("arguments")).ShouldBe("""["--one","two three"]""");
        client.BaseAddress!.Port.ToString().ShouldBe(await client.GetStringAsync("environment/HTTP_PORT"));
        service.GetEndpoint("http").Url.ShouldBe(client.BaseAddress.AbsoluteUri.TrimEnd('/'));
    }

    [Fact]
    public async Task Without_a_variable_for_the_port_ASPNETCORE_URLS_carries_it()
    {
        await using var builder = Sample.Create();
        builder.AddProject("plain", Sample.ServiceProject).WithHttpEndpoint().WithHttpEndpoint(name: "second").WithHttpHealthCheck("/health");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("plain");

        using var second = app.CreateHttpClient("plain", "second");

        (await second.GetStringAsync("environment/ASPNETCORE_URLS")).ShouldBe($"{app.GetEndpoint("plain").AbsoluteUri.TrimEnd('/')};{second.BaseAddress!.AbsoluteUri.TrimEnd('/')}");
    }

    [Fact]
    public async Task Every_replica_has_its_own_port_and_all_are_in_discovery()
    {
        await using var builder = Sample.Create("--replicas", "many=3");
        var many = builder.AddService("many");
        builder.AddService("caller").WithReference(many).WaitFor(many);
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("caller");
        using var client = app.CreateHttpClient("caller");

        var processes = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            var address = await client.GetStringAsync($"environment/services__many__http__{i}");
            using var replica = new HttpClient { BaseAddress = new Uri(address) };
            processes.Add(await replica.GetStringAsync("pid"));
            (await replica.GetStringAsync("environment/OTEL_RESOURCE_ATTRIBUTES")).ShouldBe($"service.instance.id=many-{i}");
        }

        processes.Count.ShouldBe(3);
        (await client.GetAsync("environment/services__many__http__3")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_named_endpoint_and_a_connection_string_reach_who_refers_to_them()
    {
        await using var builder = Sample.Create("--postgres", "postgres://me:p%40ss@db.example:6000");
        var store = builder.AddPostgres("postgres").AddDatabase("store", "shop");
        var callee = builder.AddService("callee").WithHttpEndpoint(name: "grpc", env: "GRPC_PORT");
        builder.AddService("caller").WithReference(store).WithReference(callee).WithEnvironment("CALLEE", callee.GetEndpoint("grpc"));
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("caller");
        using var client = app.CreateHttpClient("caller");

        var grpc = app.GetEndpoint("callee", "grpc").AbsoluteUri.TrimEnd('/');
        (await client.GetStringAsync("environment/services__callee__grpc__0")).ShouldBe(grpc);
        (await client.GetStringAsync("environment/CALLEE")).ShouldBe(grpc);
        (await client.GetStringAsync("environment/ConnectionStrings__store")).ShouldBe("Host=db.example;Port=6000;Username=me;Password=p@ss;Database=shop");
    }

    [Fact]
    public async Task A_finished_command_is_not_started_again_and_others_can_wait_for_it()
    {
        await using var builder = Sample.Create();
        var first = builder.AddShell("first", "echo done first");
        builder.AddShell("second", "echo done second").WaitForCompletion(first);
        await using var app = await builder.StartAsync();

        await app.SeeAsync("second", static snapshot => snapshot.State?.Text == KnownResourceStates.Finished);

        app.Output("first").ShouldBe(["done first"]);
        app.Output("second").ShouldBe(["done second"]);
    }

    [Fact]
    public async Task Stop_start_and_restart_are_commands()
    {
        await using var builder = Sample.Create();
        builder.AddService("toy");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("toy");
        var first = app.ProcessId("toy");

        (await app.ResourceCommands.ExecuteCommandAsync("toy", KnownResourceCommands.StopCommand)).Success.ShouldBeTrue();
        Sample.Lives(first).ShouldBeFalse();
        app.ResourceNotifications.TryGetCurrentState("toy", out var stopped).ShouldBeTrue();
        stopped!.Snapshot.State!.Text.ShouldBe(KnownResourceStates.Exited);

        (await app.ResourceCommands.ExecuteCommandAsync("toy", KnownResourceCommands.StartCommand)).Success.ShouldBeTrue();
        await app.HealthyAsync("toy");
        var second = app.ProcessId("toy");
        second.ShouldNotBe(first);

        (await app.ResourceCommands.ExecuteCommandAsync("toy", KnownResourceCommands.RestartCommand)).Success.ShouldBeTrue();
        await app.HealthyAsync("toy");
        app.ProcessId("toy").ShouldNotBe(second);
        (await app.ResourceCommands.ExecuteCommandAsync("toy", "dance")).Success.ShouldBeFalse();
        (await app.ResourceCommands.ExecuteCommandAsync("nobody", KnownResourceCommands.StopCommand)).Success.ShouldBeFalse();
    }
}
