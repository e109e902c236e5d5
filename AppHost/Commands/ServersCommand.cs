using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.AppHost.Commands;

/// <summary>Only PostgreSQL and RabbitMQ, for ./test: writes their addresses to <c>--write FILE</c> when they are up, and stops them on SIGTERM.</summary>
internal static class ServersCommand
{
    public static async Task<int> Run(string[] args)
    {
        var file = new ConfigurationBuilder().AddCommandLine(args).Build()["write"];
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = [.. args, "--Host:Throwaway=true"], DisableDashboard = true });
        var postgres = builder.AddPostgres("postgres");
        var rabbitmq = builder.AddRabbitMQ("rabbitmq").WithManagementPlugin();
        await using var app = builder.Build();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await app.StartAsync(limit.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("postgres", limit.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("rabbitmq", limit.Token);
        if (file is not null)
        {
            var broker = await rabbitmq.Resource.ConnectionStringExpression.GetValueAsync(limit.Token);
            await File.WriteAllTextAsync(file + ".part", $"""
                SECONDOPINION_TEST_POSTGRES='{await postgres.Resource.GetConnectionStringAsync(limit.Token)}'
                SECONDOPINION_TEST_RABBITMQ='{broker}'
                SECONDOPINION_TEST_RABBITMQ_MANAGEMENT='{rabbitmq.GetEndpoint("management").Url}'

                """);
            File.Move(file + ".part", file, overwrite: true);
        }

        await app.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping.WaitAsync();
        return 0;
    }

    private static Task WaitAsync(this CancellationToken token)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(done.SetResult);
        return done.Task;
    }
}
