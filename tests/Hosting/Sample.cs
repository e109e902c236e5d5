using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.Tests.Hosting;

/// <summary>Small systems made of the sample service and shell commands.</summary>
internal static class Sample
{
    public static string Folder { get; } = typeof(Sample).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "ProjectFolder").Value!;

    public static string ServiceProject { get; } = Path.Combine(Folder, "Sample.Service/Sample.Service.csproj");

    /// <summary>The sample AppHost as people start it.</summary>
    public static string AppHostAssembly { get; } = typeof(SampleHost.Program).Assembly.Location;

    public static IDistributedApplicationTestingBuilder Create(params string[] args) => DistributedApplicationTestingBuilder.Create(args);

    public static IResourceBuilder<ProjectResource> AddService(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddProject(name, ServiceProject).WithHttpEndpoint(env: "HTTP_PORT").WithHttpHealthCheck("/health");

    public static IResourceBuilder<ExecutableResource> AddShell(this IDistributedApplicationBuilder builder, string name, string script) =>
        builder.AddExecutable(name, "/bin/sh", "/tmp", "-c", script);

    public static async Task<DistributedApplication> StartAsync(this IDistributedApplicationBuilder builder)
    {
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }

    public static Task HealthyAsync(this DistributedApplication app, params string[] names) =>
        Task.WhenAll(names.Select(name => app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(TimeSpan.FromSeconds(90))));

    public static Task<ResourceEvent> SeeAsync(this DistributedApplication app, string name, Func<CustomResourceSnapshot, bool> condition) =>
        app.ResourceNotifications.WaitForResourceAsync(name, update => condition(update.Snapshot)).WaitAsync(TimeSpan.FromSeconds(60));

    public static string? Reason(this CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(static property => property.Name == "resource.reason")?.Value as string;

    public static int ProcessId(this DistributedApplication app, string id) =>
        app.ResourceNotifications.TryGetCurrentState(id, out var state)
            ? (int)state.Snapshot.Properties.Single(static property => property.Name == "executable.pid").Value!
            : throw new InvalidOperationException($"There is no '{id}'.");

    public static IReadOnlyList<string> Output(this DistributedApplication app, string id) =>
        [.. app.Services.GetRequiredService<ResourceLoggerService>().Last(id, 100).Select(static line => line.Content)];

    public static bool Lives(int processId) => Directory.Exists($"/proc/{processId}") && !File.ReadAllText($"/proc/{processId}/stat").Contains(") Z ");
}
