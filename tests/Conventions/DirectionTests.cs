using ArchUnitNET.Domain;

namespace SecondOpinion.Tests.Conventions;

/// <summary>What may know what.</summary>
public sealed class DirectionTests
{
    /// <summary>Two folders that need each other are one folder with two names, and a reader has to know both to follow either.</summary>
    [Theory]
    [InlineData("Intake")]
    [InlineData("Matching")]
    [InlineData("Physician")]
    [InlineData("Billing")]
    [InlineData("Reporting")]
    [InlineData("Gateway")]
    public void Folders_do_not_depend_in_circles(string service)
    {
        var uses = Uses($"SecondOpinion.{service}");
        uses.ShouldNotBeEmpty();
        Circle(uses).ShouldBeEmpty(string.Join('\n', uses.SelectMany(u => u.Value.Select(t => $"{u.Key} → {t.Key}: {string.Join(", ", t.Value.Take(3))}"))));
    }

    [Fact]
    public void A_circle_is_found_through_other_folders() => Circle(new()
    {
        ["A"] = new() { ["B"] = ["x"] },
        ["B"] = new() { ["C"] = ["x"], ["D"] = ["x"] },
        ["C"] = new() { ["A"] = ["x"] },
    }).ShouldBe(["A", "B", "C", "A"]);

    [Fact]
    public void Only_Messaging_knows_MassTransit()
    {
        // The contracts carry its attributes: they name the exchange of an event.
        var knowing = Code.Architecture.Types.Where(t => t.FullName.StartsWith("SecondOpinion.", StringComparison.Ordinal)
                && t.Dependencies.Any(d => d.Target.FullName.StartsWith("MassTransit", StringComparison.Ordinal)))
            .Select(t => t.Namespace.FullName).Distinct().Where(n => !n.StartsWith("SecondOpinion.Contracts", StringComparison.Ordinal));

        knowing.ShouldBe(["SecondOpinion.ServiceDefaults.Messaging"]);
    }

    /// <summary>From folder to folder, with the pairs of types that make the way.</summary>
    private static Dictionary<string, Dictionary<string, List<string>>> Uses(string root)
    {
        var uses = new Dictionary<string, Dictionary<string, List<string>>>();
        foreach (var type in Code.Architecture.Types)
        {
            foreach (var used in type.Dependencies.Select(d => d.Target))
            {
                if (Folder(type, root) is { } from && Folder(used, root) is { } to && from != to)
                {
                    if (!uses.TryGetValue(from, out var targets))
                    {
                        uses[from] = targets = [];
                    }

                    if (!targets.TryGetValue(to, out var pairs))
                    {
                        targets[to] = pairs = [];
                    }

                    pairs.Add($"{type.Name} uses {used.Name}");
                }
            }
        }

        return uses;
    }

    /// <summary>A folder below another one belongs to it; what lies beside the folders belongs to none.</summary>
    private static string? Folder(IType type, string root) =>
        type.Namespace?.FullName is { } name && name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Split('.')[0] : null;

    private static List<string> Circle(Dictionary<string, Dictionary<string, List<string>>> uses)
    {
        var done = new HashSet<string>();
        return uses.Keys.Order(StringComparer.Ordinal).Select(from => Walk(from, [])).FirstOrDefault(found => found.Count > 0) ?? [];

        List<string> Walk(string at, List<string> way)
        {
            if (way.IndexOf(at) is >= 0 and var first)
            {
                return [.. way[first..], at];
            }

            if (!done.Contains(at))
            {
                foreach (var next in uses.GetValueOrDefault(at)?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
                {
                    if (Walk(next, [.. way, at]) is { Count: > 0 } found)
                    {
                        return found;
                    }
                }

                done.Add(at);
            }

            return [];
        }
    }
}
