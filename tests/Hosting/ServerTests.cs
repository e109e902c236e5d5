using Npgsql;
using SecondOpinion.AppHost;
using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Hosting;

public sealed class ServerTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_pairs_side_by_side_do_not_meet_and_leave_nothing()
    {
        var folders = Enumerable.Range(0, 2).Select(_ => Directory.CreateTempSubdirectory("servers-").FullName).ToList();
        var pairs = await Task.WhenAll(folders.Select(folder => PrivateServers.Start(folder, broker: true, Cancel)));

        await Execute(pairs[0].Postgres.ConnectionString, "create table only_here (id int)");
        (await Execute(pairs[1].Postgres.ConnectionString, "select to_regclass('only_here')::text")).ShouldBe(DBNull.Value);
        await Task.WhenAll(pairs.Select(pair => pair.RabbitMQ!.Check(Cancel)));
        new[] { pairs[0].RabbitMQ!.Address, pairs[1].RabbitMQ!.Address }.ShouldBeUnique();
        await Task.WhenAll(pairs.Select(pair => pair.DisposeAsync().AsTask()));

        await Eventually.True(() => folders.TrueForAll(folder => WorkingIn(folder).Count == 0), "no process is left");
        folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_no_process_and_a_folder_that_can_be_deleted()
    {
        var folder = Directory.CreateTempSubdirectory("cancelled-").FullName;
        using var cancel = new CancellationTokenSource();

        var start = PrivateServers.Start(folder, broker: true, cancel.Token);
        await Eventually.True(() => Directory.Exists(Path.Combine(folder, "postgres", "data.new", "base")), "the database is being made");
        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(start);
        WorkingIn(folder).ShouldBeEmpty();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_kept_folder_keeps_its_data_and_a_killed_server_leaves_it_usable()
    {
        var folder = Directory.CreateTempSubdirectory("kept-").FullName;
        using var ports = new Ports(null);
        for (var start = 0; start < 2; start++)
        {
            var server = new PostgresServer(folder, "postgres", ports, "constant");
            await server.Prepare(Cancel);
            using var process =
                System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(server.Command, server.Arguments)
                {
                    WorkingDirectory = server.WorkingDirectory,
                })!;
            await Eventually.True(async () => await Answers(server), "the server answers");
            if (start == 0)
            {
                await Execute(server.ConnectionString, "create table kept as select 42 as answer");
            }
            else
            {
                (await Execute(server.ConnectionString, "select answer from kept")).ShouldBe(42);
            }

            // The script around it dies without a word; the server hears of it.
            process.Kill();
            await Eventually.True(() => WorkingIn(folder).Count == 0, "the server is gone");
            // As when it is killed while it begins: the lock is made and nothing stands in it yet.
            await File.WriteAllTextAsync(Path.Combine(folder, "postgres", "data", "postmaster.pid"), "", Cancel);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("postgres://me@db:1/x", "db", 1, "me", null)]
    [InlineData("postgresql://db", "db", 5432, "postgres", null)]
    [InlineData("postgres://a:b%3Ac@db", "db", 5432, "a", "b:c")]
    [InlineData("Host=db;Port=7;Username=u;Password=p", "db", 7, "u", "p")]
    public void An_address_is_a_url_or_a_connection_string(string text, string host, int port, string user, string? password)
    {
        var parsed = RunOptions.Read(["--postgres", text]).Postgres!;

        (parsed.Host, parsed.Port, parsed.Username, parsed.Password).ShouldBe((host, port, user, password));
    }

    [Theory]
    [InlineData("--postgres", "mysql://me@db", "postgres://")]
    [InlineData("--rabbitmq", "http://me@db", "amqp://")]
    [InlineData("--replicas", "intake=many", "intake=many")]
    public void What_has_no_sense_is_refused_in_one_sentence(string option, string value, string said) =>
        Should.Throw<CannotStartException>(() => RunOptions.Read([option, value])).Message.ShouldContain(said);

    [Fact]
    public void A_flag_without_a_value_means_yes_whatever_follows()
    {
        var options = RunOptions.Read(["--once", "--replicas", "intake=2,billing=3", "--no-demo"]);

        (options.Once, options.Demo, options.Replicas["intake"], options.Replicas["billing"]).ShouldBe((true, false, 2, 3));
    }

    private static async Task<bool> Answers(PostgresServer server)
    {
        try
        {
            await server.Check(Cancel);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static List<string> WorkingIn(string folder) => [.. Directory.EnumerateDirectories("/proc").Where(process =>
    {
        try
        {
            return new FileInfo(process + "/cwd").LinkTarget?.StartsWith(folder, StringComparison.Ordinal) == true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    })];

    private static async Task<object?> Execute(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
