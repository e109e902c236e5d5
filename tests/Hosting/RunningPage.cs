using Aspire.Hosting.Page;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.Tests.Hosting;

/// <summary>A system that runs with its resource page on a free port: two services, one of them twice, and something that cannot run.</summary>
public sealed class RunningPage : IAsyncLifetime
{
    private ParameterResource? pepper;

    public DistributedApplication App { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public string Url { get; private set; } = "";

    public async Task<string> Pepper() => (await pepper!.GetValueAsync(default))!;

    public async ValueTask InitializeAsync()
    {
        var builder = Sample.Create("--dashboard", "0", "--Host:Title", "Sample system");
        var secret = builder.AddParameter("pepper", new GenerateParameterDefault { MinLength = 30 }, secret: true);
        pepper = secret.Resource;
        var back = builder.AddService("back").WithReplicas(2);
        var front = builder.AddService("front").WithReference(back).WaitFor(back).WithEnvironment("PLAIN", "visible").WithEnvironment("PEPPER", secret);
        back.WithReference(front);
        builder.AddShell("doomed", "echo out of luck; exit 7");
        App = await builder.StartAsync();
        Url = App.Services.GetRequiredService<ResourcePage>().Url!;
        Client = new HttpClient { BaseAddress = new Uri(Url) };
        await App.HealthyAsync("front");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }
}
