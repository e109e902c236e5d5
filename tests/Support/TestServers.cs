using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

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
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--data", data, "--console", "Quiet", "--Host:Throwaway=true"],
            DisableDashboard = true,
        });
        var database = builder.AddPostgres("postgres");
        var broker = builder.AddRabbitMQ("rabbitmq").WithManagementPlugin();
        var app = builder.Build();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            app.StopAsync().Wait(TimeSpan.FromSeconds(20));
            Directory.Delete(data, recursive: true);
        };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await app.StartAsync(limit.Token);
        var notifications = app.Services.GetRequiredService<ResourceNotificationService>();
        await notifications.WaitForResourceHealthyAsync("postgres", limit.Token);
        await notifications.WaitForResourceHealthyAsync("rabbitmq", limit.Token);
        return new Addresses(
            (await database.Resource.GetConnectionStringAsync(limit.Token))!,
            new Uri((await broker.Resource.ConnectionStringExpression.GetValueAsync(limit.Token))!),
            new Uri(broker.GetEndpoint("management").Url));
    }

    private static Uri Given(string variable) => new(Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set although SECONDOPINION_TEST_POSTGRES is."));
}
