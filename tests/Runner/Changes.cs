using System.Diagnostics;

namespace SecondOpinion.Tests.Runner;

/// <summary>The test projects that what changed can break: since the branch left its upstream (or <c>main</c>), committed or not.</summary>
internal static class Changes
{
    public static async Task<IReadOnlyList<Chosen>> Choose(Projects projects, Report report, CancellationToken cancel)
    {
        var files = await Files(projects.Root, cancel);
        var concerned = Concerned(projects, files);
        report.Say(files.Count == 0
            ? "Nothing changed."
            : $"{files.Count} changed files concern {(concerned.Count == 0 ? "no test project" : string.Join(' ', concerned.Select(p => p.Name)))}.");
        return Choice.Whole(projects, concerned);
    }

    /// <summary>Those whose own files, or files of a project they need, are among the changed ones.</summary>
    public static IReadOnlyList<Project> Concerned(Projects projects, IReadOnlyList<string> files)
    {
        var concerned = new HashSet<Project>();
        foreach (var file in files)
        {
            var owner = projects.OwnerOf(file);
            var takers = projects.Tests.Where(t => projects.Closure(t).Any(p => p == owner || p.Outside.Any(o => o.IsMatch(file)))).ToList();
            concerned.UnionWith(takers.Count > 0 || owner is not null ? takers : projects.Tests.Where(t => Mentions(projects, t, file)));
        }

        return [.. projects.Tests.Where(concerned.Contains)];
    }

    /// <summary>
    /// A file of no project. Documents and samples concern the tests that name them; anything else (build rules, scripts, settings) may concern all.
    /// </summary>
    private static bool Mentions(Projects projects, Project test, string file)
    {
        var name = file.StartsWith("samples/", StringComparison.Ordinal) ? "samples"
            : file.StartsWith("docs/", StringComparison.Ordinal) || file.EndsWith(".md", StringComparison.Ordinal) ? Path.GetFileName(file)
            : null;
        return name is null
            || projects.Closure(test).SelectMany(projects.Sources).Any(source => File.ReadAllText(source).Contains(name, StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> Files(string root, CancellationToken cancel)
    {
        var (_, upstream) = await Git(root, cancel, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}");
        var (known, fork) = await Git(root, cancel, "merge-base", "HEAD", upstream.Length > 0 ? upstream : "main");
        var (_, changed) = await Git(root, cancel, "diff", "--name-only", known ? fork : "HEAD");
        var (_, added) = await Git(root, cancel, "ls-files", "--others", "--exclude-standard");
        return [.. changed.Split('\n').Concat(added.Split('\n')).Where(f => f.Length > 0)];
    }

    private static async Task<(bool Worked, string Said)> Git(string root, CancellationToken cancel, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = git.StandardError.ReadToEndAsync(cancel);
        var said = (await git.StandardOutput.ReadToEndAsync(cancel)).Trim();
        await git.WaitForExitAsync(cancel);
        await errors;
        return (git.ExitCode == 0, git.ExitCode == 0 ? said : "");
    }
}
