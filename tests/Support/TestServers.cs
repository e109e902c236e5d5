using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Support;

/// <summary>
/// The real PostgreSQL and RabbitMQ of a test run. <c>./test</c> starts one pair for all test projects and hands over its addresses; a project that is
/// run by itself starts its own pair, once, and stops it at its end. When they cannot start, the tests fail: they never skip.
/// </summary>
public static class TestServers
{
    private static readonly Lazy<Task<Addresses>> Shared = new(Start);

    public static Task<Addresses> Get() => Shared.Value;

    /// <param name="Postgres">Connection string of a user that may create databases.</param>
    /// <param name="RabbitMq"><c>amqp://user:password@host:port</c>.</param>
    /// <param name="Management">Base address of the broker's management API.</param>
    public sealed record Addresses(string Postgres, Uri RabbitMq, Uri Management);

    private static async Task<Addresses> Start()
    {
        if (Environment.GetEnvironmentVariable("SECONDOPINION_TEST_POSTGRES") is { Length: > 0 } postgres)
        {
            return new Addresses(postgres, Given("SECONDOPINION_TEST_RABBITMQ"), Given("SECONDOPINION_TEST_RABBITMQ_MANAGEMENT"));
        }

        var data = Directory.CreateTempSubdirectory("secondopinion-tests-").FullName;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var servers = await PrivateServers.Start(data, broker: true, limit.Token);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            servers.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(20));
            Directory.Delete(data, recursive: true);
        };
        return new Addresses(servers.Postgres.ConnectionString, servers.RabbitMQ!.Address, servers.RabbitMQ.Management);
    }

    private static Uri Given(string variable) => new(Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set although SECONDOPINION_TEST_POSTGRES is."));
}
