using System.Diagnostics;
using System.Net.Sockets;
using Aspire.Hosting.Servers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace SecondOpinion.Tests.Hosting;

public sealed class ServerTests
{
    [Fact]
    public async Task Two_hosts_side_by_side_do_not_meet()
    {
        await using var one = await DistributedApplicationTestingBuilder.CreateAsync<SampleHost.Program>();
        await using var two = await DistributedApplicationTestingBuilder.CreateAsync<SampleHost.Program>();
        await using var first = await one.BuildAsync();
        await using var second = await two.BuildAsync();
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        await Task.WhenAll(first.HealthyAsync("front"), second.HealthyAsync("front"));

        first.GetEndpoint("front").ShouldNotBe(second.GetEndpoint("front"));
        await Execute(await first.GetConnectionStringAsync("store"), "create table only_here (id int)");
        (await Execute(await second.GetConnectionStringAsync("store"), "select to_regclass('only_here')::text")).ShouldBe(DBNull.Value);
        using var front = first.CreateHttpClient("front");
        int.Parse(await front.GetStringAsync("next/back/pid")).ShouldBe(first.ProcessId("back-0"));
        (await AmqpProbe.FailureAsync(new Uri((await first.GetConnectionStringAsync("broker"))!), default)).ShouldBeNull();
        (await AmqpProbe.FailureAsync(new Uri((await second.GetConnectionStringAsync("broker"))!), default)).ShouldBeNull();
        (await first.GetConnectionStringAsync("broker")).ShouldNotBe(await second.GetConnectionStringAsync("broker"));
    }

    [Fact]
    public async Task Servers_that_are_killed_come_back_with_their_data()
    {
        await using var builder = Sample.Create();
        builder.AddPostgres("postgres").AddDatabase("store");
        builder.AddRabbitMQ("broker").WithManagementPlugin();
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("store", "broker");
        var connection = await app.GetConnectionStringAsync("store");
        await Execute(connection, "create table kept as select 42 as answer");

        foreach (var server in (string[])["postgres", "broker"])
        {
            Process.GetProcessById(app.ProcessId(server)).Kill();
            await app.SeeAsync(server, static snapshot => snapshot.State?.Text == "Restarting");
        }

        await app.HealthyAsync("postgres", "broker", "store");
        (await Execute(connection, "select answer from kept")).ShouldBe(42);
        using var management = app.CreateHttpClient("broker", "management");
        (await management.GetAsync("api/overview")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_data_folder_keeps_databases_passwords_and_ports_from_run_to_run()
    {
        var data = Directory.CreateTempSubdirectory("kept-");
        string[] args = ["--data", data.FullName, "--DcpPublisher:RandomizePorts=false"];
        string? connection;
        using var lasting = new TcpClient();
        await using (var app = await Store(args).StartAsync())
        {
            await app.HealthyAsync("store");
            connection = await app.GetConnectionStringAsync("store");
            await Execute(connection, "create table kept as select 42 as answer");

            // Closed by the server as it stops, which the kernel remembers for a minute.
            await lasting.ConnectAsync("localhost", new NpgsqlConnectionStringBuilder(connection).Port);
        }

        await using (var app = await Store(args).StartAsync())
        {
            await app.HealthyAsync("store");
            (await app.GetConnectionStringAsync("store")).ShouldBe(connection);
            (await Execute(connection, "select answer from kept")).ShouldBe(42);
            (await Execute(connection, "show data_checksums")).ShouldBe("on");
            File.GetUnixFileMode(Path.Combine(data.FullName, "secrets.json")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

            var second = await Should.ThrowAsync<DistributedApplicationException>(() => Store(args).StartAsync());
            second.Message.ShouldContain("in use by another host");
        }

        data.Delete(recursive: true);
    }

    [Fact]
    public async Task An_existing_server_is_used_and_watched_instead_of_a_private_one()
    {
        await using var lender = Sample.Create();
        lender.AddPostgres("postgres");
        lender.AddRabbitMQ("broker");
        await using var owner = await lender.StartAsync();
        await owner.HealthyAsync("postgres", "broker");
        await using var builder = Sample.Create(
            "--postgres", (await owner.GetConnectionStringAsync("postgres"))!, "--rabbitmq", (await owner.GetConnectionStringAsync("broker"))!);
        builder.AddPostgres("postgres").AddDatabase("guest");
        builder.AddRabbitMQ("broker");
        await using var app = await builder.StartAsync();

        await app.HealthyAsync("guest", "broker");

        (await Execute(await owner.GetConnectionStringAsync("postgres"), "select count(*) from pg_database where datname = 'guest'")).ShouldBe(1L);
        app.ResourceNotifications.TryGetCurrentState("postgres", out var state).ShouldBeTrue();
        state!.Snapshot.Properties.ShouldNotContain(static property => property.Name == "executable.pid");
    }

    [Theory]
    [InlineData("amqp://nobody:wrong@{0}", "the broker refused the login")]
    [InlineData("amqp://{1}@{0}/no-such-vhost", "the broker refused the virtual host no-such-vhost")]
    public async Task A_wrong_login_to_a_broker_is_told_apart_from_a_broker_that_is_down(string url, string expected)
    {
        await using var builder = Sample.Create();
        builder.AddRabbitMQ("broker");
        await using var app = await builder.StartAsync();
        await app.HealthyAsync("broker");
        var uri = new Uri((await app.GetConnectionStringAsync("broker"))!);

        var failure = await AmqpProbe.FailureAsync(new Uri(string.Format(url, uri.Authority, uri.UserInfo)), default);

        failure.ShouldBe(expected);
    }

    [Theory]
    [InlineData("postgres://me@db:1/x", "db", 1, "me", null)]
    [InlineData("postgresql://db", "db", 5432, "postgres", null)]
    [InlineData("postgres://a:b%3Ac@db", "db", 5432, "a", "b:c")]
    [InlineData("Host=db;Port=7;Username=u;Password=p", "db", 7, "u", "p")]
    public void An_address_is_a_url_or_a_connection_string(string text, string host, int port, string user, string? password)
    {
        var parsed = ExternalPostgres.Parse(text);

        (parsed.Host, parsed.Port, parsed.Username, parsed.Password).ShouldBe((host, port, user, password));
    }

    [Fact]
    public void An_address_of_something_else_is_refused() =>
        Should.Throw<DistributedApplicationException>(() => ExternalPostgres.Parse("mysql://me@db")).Message.ShouldContain("postgres://");

    private static IDistributedApplicationTestingBuilder Store(string[] args)
    {
        var builder = Sample.Create(args);
        builder.AddPostgres("postgres").AddDatabase("store");
        return builder;
    }

    private static async Task<object?> Execute(string? connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
