using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Reporting.Mission;

namespace SecondOpinion.Tests.Reporting;

/// <summary>Attacks what the mission report hides: whoever knows the shown groups, the total and the rule itself tries every table that fits.</summary>
public sealed class SmallGroupsTests
{
    [Theory]
    [InlineData(2, 40)]
    [InlineData(3, 34)]
    [InlineData(4, 26)]
    public void Solving_for_a_hidden_group_leaves_at_least_eleven_possible_counts(int groups, int largestTotal)
    {
        // Every table by what is printed of it; a total below eleven is not printed.
        var possible = new Dictionary<string, HashSet<long>[]>();
        foreach (var table in Tables(groups, largestTotal))
        {
            var total = table.Sum();
            var printed =
                $"{string.Join('|', SmallGroups.Shown(table).Select(n => n is { } shown ? $"{shown}" : "?"))} "
                + $"of {(total < SmallGroups.Fewest ? "?" : $"{total}")}";
            if (!possible.TryGetValue(printed, out var counts))
            {
                possible[printed] = counts = [.. Enumerable.Range(0, groups).Select(_ => new HashSet<long>())];
            }

            for (var i = 0; i < groups; i++)
            {
                counts[i].Add(table[i]);
            }
        }

        possible.Count.ShouldBeGreaterThan(20);
        foreach (var (printed, counts) in possible)
        {
            var cells = printed.Split(' ')[0].Split('|');
            for (var i = 0; i < groups; i++)
            {
                counts[i].Count.ShouldBe(cells[i] == "?" ? counts[i].Count : 1, printed);
                (cells[i] != "?" || counts[i].Count >= SmallGroups.Fewest).ShouldBeTrue($"{printed}: group {i} is one of {string.Join(", ", counts[i])}");
            }
        }
    }

    [Fact]
    public void Large_groups_are_all_shown_and_a_small_one_never() =>
        Prop.ForAll(Gen.Choose(0, 40).ArrayOf().ToArbitrary(), counts =>
        {
            long[] table = [1000, .. counts.Select(n => (long)n)];
            var shown = SmallGroups.Shown(table);
            return shown.Zip(table).All(pair => pair.First is null || pair.First == pair.Second && pair.Second >= SmallGroups.Fewest)
                && (table.Any(n => n < SmallGroups.Fewest) || shown.All(n => n is not null));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Pathologies_of_few_people_are_told_together_so_that_every_told_group_is_large_and_nobody_is_had_by_subtraction() =>
        Prop.ForAll(Gen.Zip(Gen.Choose(0, 30), Gen.Choose(0, 30)).ArrayOf().ToArbitrary(), counts =>
        {
            var all = counts.Select((n, i) => new PathologyConvergence(2023, i == 0 ? null : $"p{i:00}", n.Item1, n.Item2)).ToList();
            var told = PathologyConvergence.Together(2023, all);
            var untold = (all.Sum(r => r.Converging) - told.Sum(r => r.Converging), all.Sum(r => r.Diverging) - told.Sum(r => r.Diverging));
            return told.All(r => r.Converging >= SmallGroups.Fewest && r.Diverging >= SmallGroups.Fewest)
                && (untold == (0, 0) || told.Count == 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Theory]
    [InlineData(10, 100, false)]
    [InlineData(11, 100, true)]
    [InlineData(90, 100, false)]
    [InlineData(0, 0, false)]
    public void A_share_is_shown_when_those_in_it_and_those_not_in_it_are_many(long part, long whole, bool shown) =>
        SmallGroups.Showable(part, whole).ShouldBe(shown);

    private static IEnumerable<long[]> Tables(int groups, int largestTotal)
    {
        if (groups == 0)
        {
            yield return [];
            yield break;
        }

        for (var first = 0; first <= largestTotal; first++)
        {
            foreach (var rest in Tables(groups - 1, largestTotal - first))
            {
                yield return [first, .. rest];
            }
        }
    }
}
