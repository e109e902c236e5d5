using System.Text.RegularExpressions;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A caller who leaves ends waiting, never a statement or a commit (docs/decisions/0069).</summary>
public sealed partial class CancellationTests
{
    [Fact]
    public void No_statement_and_no_commit_is_given_the_callers_token()
    {
        var files = Sources.Of("services", "ServiceDefaults", "gateway").ToList();
        files.Count.ShouldBeGreaterThan(200);
        foreach (var file in files)
        {
            var text = File.ReadAllText(file);
            text.ShouldNotContain("CommandDefinition", customMessage: file);
            Commit().Matches(text).Select(m => m.Groups[1].Value).ShouldBeSubsetOf(["", "CancellationToken.None"], customMessage: file);
        }
    }

    [GeneratedRegex(@"CommitAsync\(([^)]*)\)")]
    private static partial Regex Commit();
}
