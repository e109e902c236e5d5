using SecondOpinion.Intake.Catalogue;

namespace SecondOpinion.Tests.Intake.Catalogue;

/// <summary>What people really type finds what they mean, among the first five.</summary>
public sealed class SearchTests
{
    private static readonly PathologyCatalogue Shipped = PathologyCatalogue.Load();
    private static readonly PathologyIndex Index = new(Shipped.Pathologies);

    public static TheoryData<string, string> Queries { get; } = new(
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "search-queries.csv")).Skip(1).Select(line => line.Split(';')).Select(c => (c[0], c[1])));

    [Fact]
    public void There_are_at_least_two_hundred_queries() => Queries.Count.ShouldBeGreaterThanOrEqualTo(200);

    [Theory]
    [MemberData(nameof(Queries))]
    public void The_intended_pathology_is_among_the_first_five(string query, string expected) =>
        Index.Search(query, 5).Select(h => h.Pathology.Code).ShouldContain(expected);

    /// <summary>
    /// Written without a look at the synonyms: what is meant is given as codes of the classification, so that nothing of the catalogue is in the question.
    /// </summary>
    public static TheoryData<string, string> QueriesByCode { get; } = new(
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "search-queries-by-code.csv")).Skip(1).Select(line => line.Split(';'))
            .Select(c => (c[0], c[1])));

    [Fact]
    public void There_are_at_least_a_hundred_and_fifty_queries_by_code() => QueriesByCode.Count.ShouldBeGreaterThanOrEqualTo(150);

    [Theory]
    [MemberData(nameof(QueriesByCode))]
    public void A_disease_with_the_intended_code_is_among_the_first_five(string query, string codes)
    {
        var meant = codes.Split('|');
        Index.Search(query, 5).Where(h => h.Pathology.Cim10.Any(c => meant.Any(m => c.StartsWith(m, StringComparison.Ordinal)))).ShouldNotBeEmpty(
            string.Join(" / ", Index.Search(query, 5).Select(h => $"{h.Pathology.Name} ({h.Pathology.Cim10[0]})")));
    }

    [Theory]
    [InlineData("endometriose", "endometriose")]
    [InlineData("ENDOMÉTRIOSE", "endometriose")]
    [InlineData("endo métriose", "endometriose")]
    [InlineData("n80.1", "endometriose")]
    [InlineData("lca", "rupture-ligament-croise-anterieur")]
    public void The_obvious_comes_first(string query, string expected) => Index.Search(query, 5).First().Pathology.Code.ShouldBe(expected);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("?!…")]
    [InlineData("xqzvbw")]
    public void Nonsense_finds_nothing_and_breaks_nothing(string query) => Index.Search(query, 5).ShouldBeEmpty();

    [Fact]
    public void Every_name_finds_itself_first() => Shipped.Pathologies
        .Where(p => Index.Search(p.Name, 1)[0].Pathology.Code != p.Code)
        .Select(p => p.Code)
        .ShouldBeEmpty();

    [Fact]
    public void A_very_long_query_is_answered() =>
        Index.Search(string.Join(' ', Enumerable.Repeat("douleur chronique du genou droit", 50)), 5).ShouldNotBeEmpty();
}
