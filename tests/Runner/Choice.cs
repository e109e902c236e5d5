using System.Text.RegularExpressions;

namespace SecondOpinion.Tests.Runner;

/// <summary>A test project to run, whole or only some of its tests.</summary>
/// <param name="Methods">xunit's patterns over full names of tests; none: all of them.</param>
/// <param name="NeedsServers">Whether its tests ask for the shared PostgreSQL and RabbitMQ.</param>
internal sealed record Chosen(Project Project, IReadOnlyList<string> Methods, bool NeedsServers);

/// <summary>What the names after <c>./test</c> mean: a project, a class or a test; <c>*</c> stands for any letters. None: everything.</summary>
internal static partial class Choice
{
    private const string Shared = "tests/Support/Support.csproj";

    /// <exception cref="UnknownNameException">A name is neither a project nor a class nor a test.</exception>
    public static IReadOnlyList<Chosen> Of(Projects projects, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return Whole(projects, projects.Tests);
        }

        var methods = new Dictionary<string, List<string>?>();
        foreach (var name in names.Select(Bare))
        {
            if (projects.Tests.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase)) is { } whole)
            {
                methods[whole.Path] = null;
                continue;
            }

            var found = projects.Tests.SelectMany(p => Named(projects, p, name).Select(pattern => (p.Path, Pattern: pattern))).Distinct().ToList();
            if (found.Count == 0)
            {
                throw new UnknownNameException(
                    $"{name} is no test project, class or test. Projects: {string.Join(' ', projects.Tests.Select(p => p.Name))}. "
                    + "A name may have a * for any letters.");
            }

            foreach (var (path, pattern) in found)
            {
                if (!methods.TryGetValue(path, out var patterns))
                {
                    methods[path] = patterns = [];
                }

                patterns?.Add(pattern);
            }
        }

        return [.. projects.Tests.Where(p => methods.ContainsKey(p.Path)).Select(p => Chosen(projects, p, methods[p.Path] ?? []))];
    }

    public static IReadOnlyList<Chosen> Whole(Projects projects, IEnumerable<Project> tests) => [.. tests.Select(p => Chosen(projects, p, []))];

    private static Chosen Chosen(Projects projects, Project project, IReadOnlyList<string> methods) =>
        new(project, methods, projects.Closure(project).Any(p => p.Path == Shared));

    /// <summary><c>tests/Billing/</c> and <c>tests/Billing/RosterTests.cs</c> are names as well: what a shell completes.</summary>
    private static string Bare(string name)
    {
        var bare = name.TrimEnd('/');
        bare = bare[(bare.LastIndexOf('/') + 1)..];
        return bare.EndsWith(".cs", StringComparison.Ordinal) ? bare[..^3] : bare;
    }

    private static IEnumerable<string> Named(Projects projects, Project project, string name)
    {
        var wanted = new Regex($"^{Regex.Escape(name).Replace(@"\*", @"\w*", StringComparison.Ordinal)}$");
        foreach (var source in projects.Sources(project).Select(File.ReadAllText))
        {
            foreach (Match declared in Declared().Matches(source))
            {
                if (declared.Groups["class"] is { Success: true } type && wanted.IsMatch(type.Value))
                {
                    yield return $"*.{type.Value}.*";
                }
                else if (declared.Groups["test"] is { Success: true } test && wanted.IsMatch(test.Value))
                {
                    yield return $"*.{test.Value}";
                }
            }
        }
    }

    /// <summary>Test classes and tests: both are public here, as xunit wants them.</summary>
    [GeneratedRegex(@"public (sealed |partial |static )*class (?<class>\w+)|public (static |async )*(void|Task|ValueTask) (?<test>\w+)\(")]
    private static partial Regex Declared();
}

/// <summary>A name after <c>./test</c> that means nothing; the message says what would.</summary>
internal sealed class UnknownNameException(string message) : Exception(message);
