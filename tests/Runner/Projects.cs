using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SecondOpinion.Tests.Runner;

/// <summary>A project of the tree, as its file says it.</summary>
/// <param name="Path">Of its file, from the root, with <c>/</c>.</param>
/// <param name="Assembly">What a build makes of it, absolute.</param>
/// <param name="References">Paths of the projects it names, built or referenced.</param>
/// <param name="Outside">Files of other folders that it takes in: patterns over paths from the root.</param>
/// <param name="RunsAlone">Says <c>RunsAlone</c>: nothing else may run beside its tests.</param>
/// <param name="RunsFirst">Says <c>RunsFirst</c>: its tests wait for minutes, during which others compute.</param>
internal sealed record Project(
    string Path, string Assembly, IReadOnlyList<string> References, IReadOnlyList<Regex> Outside, bool IsTest, bool RunsAlone, bool RunsFirst)
{
    /// <summary>From the root, with <c>/</c> at its end.</summary>
    public string Folder { get; } = Path[..(Path.LastIndexOf('/') + 1)];

    /// <summary>As <c>./test NAME</c> has it: <c>Billing</c> for <c>tests/Billing/Billing.Tests.csproj</c>.</summary>
    public string Name => Folder.Split('/')[^2];
}

/// <summary>Every project of the tree, read from the project files alone: that takes milliseconds, where MSBuild would take seconds.</summary>
internal sealed partial class Projects
{
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", "artifacts"];
    private readonly Dictionary<string, Project> _byPath;
    private readonly Dictionary<string, HashSet<string>> _closures = [];

    public Projects(string root, string configuration)
    {
        Root = root;
        var paths = Files(root, "*.csproj").Select(file => System.IO.Path.GetRelativePath(root, file)).ToList();
        _byPath = paths.ToDictionary(path => path, path => Read(path, paths, configuration));
        Tests = [.. _byPath.Values.Where(p => p.IsTest).OrderBy(p => p.Name, StringComparer.Ordinal)];
    }

    public string Root { get; }

    public IReadOnlyList<Project> Tests { get; }

    /// <summary>The project and all that it needs.</summary>
    public IEnumerable<Project> Closure(Project project)
    {
        if (!_closures.TryGetValue(project.Path, out var closure))
        {
            closure = [];
            var open = new Stack<string>([project.Path]);
            while (open.TryPop(out var path))
            {
                if (closure.Add(path))
                {
                    foreach (var reference in _byPath[path].References)
                    {
                        open.Push(reference);
                    }
                }
            }

            _closures[project.Path] = closure;
        }

        return closure.Select(path => _byPath[path]);
    }

    /// <summary>The innermost project whose folder holds the file; null for a file of no project.</summary>
    public Project? OwnerOf(string file) =>
        _byPath.Values.Where(p => file.StartsWith(p.Folder, StringComparison.Ordinal)).MaxBy(p => p.Folder.Length);

    /// <summary>The C# files of a project, without those of projects inside its folder.</summary>
    public IEnumerable<string> Sources(Project project) =>
        Files(System.IO.Path.Combine(Root, project.Folder), "*.cs").Where(f => OwnerOf(System.IO.Path.GetRelativePath(Root, f)) == project);

    private Project Read(string path, List<string> paths, string configuration)
    {
        var xml = XDocument.Load(System.IO.Path.Combine(Root, path));
        var folder = System.IO.Path.GetDirectoryName(path)!;
        var name = xml.Descendants("AssemblyName").FirstOrDefault()?.Value ?? System.IO.Path.GetFileNameWithoutExtension(path);
        var patterns = xml.Descendants("ItemGroup").Elements()
            .Where(item => item.Attribute("Include") is not null)
            .SelectMany(item => item.Attribute("Include")!.Value.Split(';').Select(include => (Kind: item.Name.LocalName, Include: include)))
            .Where(item => item.Include.StartsWith("../", StringComparison.Ordinal) || item.Kind == "ProjectReference")
            .Select(item => (item.Kind, Pattern: Pattern(System.IO.Path.GetRelativePath(Root, System.IO.Path.Combine(Root, folder, item.Include)))))
            .ToList();
        return new Project(
            path,
            System.IO.Path.Combine(Root, folder, "bin", configuration, "net10.0", $"{name}.dll"),
            [.. paths.Where(other => patterns.Any(p => p.Kind == "ProjectReference" && p.Pattern.IsMatch(other)))],
            [.. patterns.Where(p => p.Kind != "ProjectReference").Select(p => p.Pattern)],
            IsTest: path.EndsWith(".Tests.csproj", StringComparison.Ordinal),
            RunsAlone: xml.Descendants("RunsAlone").Any(e => bool.Parse(e.Value)),
            RunsFirst: xml.Descendants("RunsFirst").Any(e => bool.Parse(e.Value)));
    }

    /// <summary>MSBuild's wildcards over a path from the root.</summary>
    private static Regex Pattern(string include) =>
        new($"^{Wildcards().Replace(Regex.Escape(include), m => m.Value switch { @"\*\*/" => "(.*/)?", @"\*\*" => ".*", _ => "[^/]*" })}$");

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern).Concat(Directory.EnumerateDirectories(folder)
            .Where(d => System.IO.Path.GetFileName(d) is var name && !Skipped.Contains(name) && !name.StartsWith('.'))
            .SelectMany(d => Files(d, pattern)));

    [GeneratedRegex(@"\\\*\\\*/|\\\*\\\*|\\\*")]
    private static partial Regex Wildcards();
}
