using System.Xml.Linq;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running.Processes;

namespace Aspire.Hosting.Running;

/// <summary>Runs an executable, or the assembly that a project was built to.</summary>
internal sealed class ProcessLauncher(IResource resource, DistributedApplicationExecutionContext execution) : Launcher
{
    public override async Task<LaunchPlan?> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var environment = await LaunchEnvironment.EvaluateAsync(resource, context.Replica, execution, cancellationToken);
        var arguments = await LaunchEnvironment.ArgumentsAsync(resource, context.Replica, execution, cancellationToken);
        var spec = resource switch
        {
            ProjectResource project => Project(project, arguments),
            ExecutableResource executable => new ProcessSpec(Program(executable), arguments, executable.WorkingDirectory),
            _ => throw new CannotStartException($"{resource.GetType().Name} has no process."),
        };
        if (!Directory.Exists(spec.WorkingDirectory))
        {
            throw new CannotStartException($"its working directory {spec.WorkingDirectory} does not exist");
        }

        return new LaunchPlan(spec with { Environment = environment.Variables }) { Shown = environment.Shown };
    }

    private static string Program(ExecutableResource executable)
    {
        // As in a shell: a bare name is looked up on the path, anything with a slash is a file.
        if (executable.Command.Contains('/', StringComparison.Ordinal))
        {
            var path = Path.GetFullPath(executable.Command, executable.WorkingDirectory);
            return File.Exists(path) ? path : throw new CannotStartException($"{path} does not exist");
        }

        return executable.Command;
    }

    private static ProcessSpec Project(ProjectResource project, IReadOnlyList<string> arguments)
    {
        if (!project.TryGetLastAnnotation<ProjectPathAnnotation>(out var annotation))
        {
            throw new CannotStartException("the model does not say where its project is");
        }

        var path = annotation.ProjectPath;
        if (Directory.Exists(path))
        {
            path = Directory.EnumerateFiles(path, "*.csproj").FirstOrDefault() ?? path;
        }

        if (!File.Exists(path))
        {
            throw new CannotStartException($"there is no project {path}");
        }

        var folder = Path.GetDirectoryName(path)!;
        var assembly = FindAssembly(folder, AssemblyName(path))
            ?? throw new CannotStartException($"it is not built yet: run dotnet build {path}");
        return new ProcessSpec(DotNet(), ["exec", assembly, .. arguments], folder);
    }

    private static string AssemblyName(string projectPath) =>
        XDocument.Load(projectPath).Descendants("AssemblyName").LastOrDefault()?.Value.Trim() is { Length: > 0 } name
            ? name
            : Path.GetFileNameWithoutExtension(projectPath);

    /// <summary>The build that matches the host's own (…/bin/Debug/net10.0/), else the newest one.</summary>
    private static string? FindAssembly(string projectFolder, string name)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var alike = Path.Combine(projectFolder, "bin", own.Parent?.Name ?? "Debug", own.Name, name + ".dll");
        if (File.Exists(alike))
        {
            return alike;
        }

        var bin = new DirectoryInfo(Path.Combine(projectFolder, "bin"));
        return bin.Exists
            ? bin.EnumerateFiles(name + ".runtimeconfig.json", SearchOption.AllDirectories)
                .OrderByDescending(static file => file.LastWriteTimeUtc)
                .Select(file => Path.Combine(file.DirectoryName!, name + ".dll"))
                .FirstOrDefault(File.Exists)
            : null;
    }

    private static string DotNet() =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host
        : Path.GetFileName(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath!
        : "dotnet";
}
