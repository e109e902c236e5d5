using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecondOpinion.Interop.V1;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Resilience;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>A client as every service has it, of a service with these addresses.</summary>
internal sealed class ServiceCaller : IAsyncDisposable
{
    private readonly WebApplication app;

    public ServiceCaller(params string[] addresses)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(TestTokens.Settings);
        builder.Configuration.AddInMemoryCollection(
            addresses.Select((address, index) => KeyValuePair.Create($"services:echo:grpc:{index}", (string?)address)));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new ServiceName("caller"));
        builder.AddServiceClient<Echo.EchoClient>("echo");
        app = builder.Build();
    }

    public Echo.EchoClient Echo => app.Services.GetRequiredService<Echo.EchoClient>();

    /// <summary>The deadline of a call that has time enough on any machine.</summary>
    public static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20);

    public async Task Call(string text = "") => await Echo.UnaryAsync(new EchoRequest { Text = text }, deadline: Soon);

    /// <summary>A call whose contract says that it may be asked twice.</summary>
    public async Task Read() => await Echo.ReadAsync(new EchoRequest(), deadline: Soon);

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
