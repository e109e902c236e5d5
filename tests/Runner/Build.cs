using System.Diagnostics;
using System.Text.Json;

namespace SecondOpinion.Tests.Runner;

/// <summary>Builds what was chosen and nothing else, by the <c>build</c> of <c>eng/common.sh</c>, as every command here does.</summary>
internal static class Build
{
    /// <exception cref="BuildFailedException">The build told why.</exception>
    public static async Task Run(Projects projects, IReadOnlyList<Chosen> chosen, CancellationToken cancel)
    {
        var what = chosen.Count == projects.Tests.Count ? "SecondOpinion.sln"
            : chosen.Count == 1 ? chosen[0].Project.Path
            : await Filter(projects.Root, chosen, cancel);
        using var build = Process.Start(new ProcessStartInfo(
            "bash", ["-c", "root=$1; . \"$root/eng/common.sh\"; shift; build \"$@\"", "build", projects.Root, what, .. chosen.Select(c => c.Project.Assembly)])
        {
            WorkingDirectory = projects.Root,
        })!;
        await build.WaitForExitAsync(cancel);
        if (build.ExitCode != 0)
        {
            throw new BuildFailedException();
        }
    }

    /// <summary>Several projects are built as one solution, so that what they share is built once.</summary>
    private static async Task<string> Filter(string root, IReadOnlyList<Chosen> chosen, CancellationToken cancel)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "artifacts", "test")).FullName;
        var file = Path.Combine(folder, string.Join('+', chosen.Select(c => c.Project.Name)) + ".slnf");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new
        {
            solution = new { path = "../../SecondOpinion.sln", projects = chosen.Select(c => c.Project.Path) },
        }), cancel);
        return Path.GetRelativePath(root, file);
    }
}

/// <summary>The build failed and has said so.</summary>
internal sealed class BuildFailedException : Exception;
