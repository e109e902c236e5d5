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

    [Fact]
    public void The_solution_holds_every_project()
    {
        var solution = File.ReadAllText(Path.Combine(Tree.Root, "SecondOpinion.sln"));

        var held = InSolution().Matches(solution).Select(m => m.Groups["path"].Value.Replace('\\', '/'));

        held.Order(StringComparer.Ordinal).ShouldBe(Tree.Files("*.csproj").Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^max_line_length = (?<limit>\d+)$", RegexOptions.Multiline)]
    private static partial Regex Limit();

    [GeneratedRegex(@"""(?<path>[^""]+\.csproj)""")]
    private static partial Regex InSolution();
}
