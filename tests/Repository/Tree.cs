using System.Diagnostics;
using System.Reflection;

namespace SecondOpinion.Tests.Repository;

/// <summary>The files under version control, and those about to be.</summary>
internal static class Tree
{
    public static string Root { get; } = Path.TrimEndingDirectorySeparator(typeof(Tree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value!);

    /// <summary>Paths from the root.</summary>
    public static IReadOnlyList<string> Files(string pattern)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", pattern])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        })!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(f => File.Exists(Path.Combine(Root, f))).ToList();
        git.WaitForExit();
        git.ExitCode.ShouldBe(0);
        files.ShouldNotBeEmpty();
        return files;
    }
}
