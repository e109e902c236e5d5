namespace SecondOpinion.AppHost.Resources;

internal static class BuiltProject
{
    /// <summary>
    /// Runs the assembly that was built with this host. By default every project runs below a <c>dotnet run</c> of its own, which holds 135 MB and hides how
    /// the project ended.
    /// </summary>
    public static IResourceBuilder<ProjectResource> RunsAsBuilt(this IResourceBuilder<ProjectResource> project)
    {
        if (project.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return project;
        }

        // bin/CONFIGURATION/FRAMEWORK, as of this assembly.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var file = project.Resource.GetProjectMetadata().ProjectPath;
        var folder = Path.GetDirectoryName(file)!;
        var assembly = Path.Combine(folder, "bin", output.Parent!.Name, output.Name, $"SecondOpinion.{Path.GetFileNameWithoutExtension(file)}.dll");
        return File.Exists(assembly)
            ? project.WithAnnotation(new ExecutableAnnotation { Command = "dotnet", WorkingDirectory = folder }).WithArgs(assembly)
            : throw new Servers.CannotStartException($"{file} is not built: dotnet build {file} -c {output.Parent.Name}.");
    }
}
