using System.Globalization;
using System.Text.RegularExpressions;

namespace SecondOpinion.Tests.Repository;

/// <summary>Rules of the tree that no compiler knows (docs/decisions/0065-rules-that-the-build-holds.md).</summary>
public sealed partial class RuleTests
{
    [Fact]
    public void No_line_of_code_is_longer_than_editorconfig_allows()
    {
        var limit = int.Parse(Limit().Match(File.ReadAllText(Path.Combine(Tree.Root, ".editorconfig"))).Groups["limit"].Value, CultureInfo.InvariantCulture);

        var longer = Tree.Files("*.cs").SelectMany(file => File.ReadLines(Path.Combine(Tree.Root, file))
            .Select((line, at) => (Place: $"{file}:{at + 1}", line.Length))
            .Where(line => line.Length > limit));

        longer.ShouldBeEmpty();
    }

    /// <summary>Two with one number run in the order of their words, which nobody chose.</summary>
    [Fact]
    public void Each_migration_of_a_database_has_a_number_of_its_own() =>
        Tree.Files("services/*/Database/*.sql").GroupBy(file => file[..(file.LastIndexOf('/') + 1 + "0000".Length)]).Where(same => same.Count() > 1)
            .Select(same => string.Join(", ", same)).ShouldBeEmpty();

    [Fact]
    public void The_solution_holds_every_project()
    {
        var solution = File.ReadAllText(Path.Combine(Tree.Root, "SecondOpinion.sln"));

        var held = InSolution().Matches(solution).Select(m => m.Groups["path"].Value.Replace('\\', '/'));

        held.Order(StringComparer.Ordinal).ShouldBe(Tree.Files("*.csproj").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_documentation_names_is_there()
    {
        var missing = Tree.Files("*.md").Where(page => !page.StartsWith("docs/decisions/", StringComparison.Ordinal))
            .SelectMany(page =>
            {
                var text = File.ReadAllText(Path.Combine(Tree.Root, page));
                var folder = Path.GetDirectoryName(page)!;
                return Links().Matches(text).Select(m => Path.Combine(folder, m.Groups["path"].Value))
                    .Concat(Named().Matches(text).Select(m => m.Groups["path"].Value))
                    .Where(path => !Path.Exists(Path.Combine(Tree.Root, path)))
                    .Select(path => $"{page}: {path}");
            });

        missing.ShouldBeEmpty();
    }

    [GeneratedRegex(@"^max_line_length = (?<limit>\d+)$", RegexOptions.Multiline)]
    private static partial Regex Limit();

    [GeneratedRegex(@"""(?<path>[^""]+\.csproj)""")]
    private static partial Regex InSolution();

    /// <summary>Links within the project, without a place on the page.</summary>
    [GeneratedRegex(@"\]\((?<path>(?![a-z]+:)[^)#\s]+)")]
    private static partial Regex Links();

    /// <summary>Files and folders as code, from the root.</summary>
    [GeneratedRegex(@"`(?<path>(AppHost|ServiceDefaults|contracts|docs|eng|gateway|samples|services|tests)/[\w./-]+)`")]
    private static partial Regex Named();
}
