using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Testing;

/// <summary>
/// The same system, for a test: on free ports, in a temporary folder that goes with it, without the resource page, printing only failures.
/// Arguments given by the test win over these defaults.
/// </summary>
public static class DistributedApplicationTestingBuilder
{
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync(typeof(TEntryPoint), [], cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync(typeof(TEntryPoint), args, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(Type entryPoint, CancellationToken cancellationToken = default) =>
        CreateAsync(entryPoint, [], cancellationToken);

    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, string[] args, CancellationToken cancellationToken = default)
    {
        var folder = new TemporaryFolder();
        var builder = await new Interception(entryPoint.Assembly, Arguments(args, folder), null).RunAsync(cancellationToken);
        return Testing(builder, folder);
    }

    /// <summary>An empty model.</summary>
    public static IDistributedApplicationTestingBuilder Create(params string[] args)
    {
        var folder = new TemporaryFolder();
        return Testing(new DistributedApplicationBuilder(Arguments(args, folder)), folder);
    }

    private static TestingBuilder Testing(DistributedApplicationBuilder builder, TemporaryFolder folder)
    {
        // Made by a factory, so that the container disposes of it.
        builder.Services.AddSingleton(_ => folder);
        return new TestingBuilder(builder);
    }

    private static string[] Arguments(string[] args, TemporaryFolder folder) =>
    [
        $"--data={folder.Path}",
        "--console=Quiet",
        "--dashboard=off",
        "--Host:Throwaway=true",
        "--DcpPublisher:RandomizePorts=true",
        .. args,
    ];
}

/// <summary>Removed with the application, whatever is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>Created when something is written there: a test that gives its own folder leaves nothing here.</summary>
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"aspire-{Guid.CreateVersion7():N}");

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
