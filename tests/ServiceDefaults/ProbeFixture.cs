using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>The probe service, once per test class.</summary>
public sealed class ProbeFixture : IAsyncLifetime
{
    public ServiceUnderTest<Program> Probe { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Probe = await ServiceUnderTest<Program>.Start("probe");

    public ValueTask DisposeAsync() => Probe.DisposeAsync();
}
