using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace SecondOpinion.Tests.Hosting.SampleHost;

public sealed class Program
{
    public static async Task Main(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(args);
        var key = builder.AddParameter("signing-key", new GenerateParameterDefault { MinLength = 40 }, secret: true, persist: true);
        var store = builder.AddPostgres("postgres").AddDatabase("store");
        var broker = builder.AddRabbitMQ("broker");
        var back = builder.AddProject("back", "../Sample.Service/Sample.Service.csproj")
            .WithHttpEndpoint(env: "HTTP_PORT")
            .WithHttpHealthCheck("/health")
            .WithReference(store).WaitFor(store)
            .WithReference(broker).WaitFor(broker)
            .WithEnvironment("SIGNING", key)
            .WithReplicas(2);
        builder.AddProject("front", "../Sample.Service/Sample.Service.csproj")
            .WithHttpEndpoint(env: "HTTP_PORT")
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health")
            .WithReference(back).WaitFor(back);

        // A shell with a child of its own: what a parent-death signal alone would leave behind.
        builder.AddExecutable("grandparent", "/bin/sh", ".", "-c", "sleep 1000 & wait");
        await builder.Build().RunAsync();
    }
}
