using SecondOpinion.Tests.Runner;

namespace SecondOpinion.Tests.Repository;

/// <summary>What ./test runs for a name and for a changed file.</summary>
public sealed class RunnerTests
{
    private static readonly Projects Projects = new(Tree.Root, "Release");

    [Fact]
    public void Without_a_name_everything_runs_and_whole_systems_run_alone()
    {
        var all = Choice.Of(Projects, []);

        all.Count.ShouldBe(Tree.Files("tests/*.Tests.csproj").Count);
        all.Where(c => c.Project.RunsAlone).Select(c => c.Project.Name).ShouldBe(["EndToEnd"]);
        all.ShouldAllBe(c => c.Methods.Count == 0);
    }

    [Theory]
    [InlineData("billing")]
    [InlineData("tests/Billing/")]
    public void A_project_has_its_folder_s_name(string name)
    {
        var chosen = Choice.Of(Projects, [name]).ShouldHaveSingleItem();

        chosen.Project.Path.ShouldBe("tests/Billing/Billing.Tests.csproj");
        chosen.Methods.ShouldBeEmpty();
        chosen.NeedsServers.ShouldBeTrue();
    }

    [Fact]
    public void A_project_that_asks_for_no_server_gets_none() => Choice.Of(Projects, ["Contracts"]).ShouldHaveSingleItem().NeedsServers.ShouldBeFalse();

    [Theory]
    [InlineData("RuleTests", "*.RuleTests.*")]
    [InlineData("tests/Repository/RuleTests.cs", "*.RuleTests.*")]
    [InlineData("The_solution_holds_every_project", "*.The_solution_holds_every_project")]
    [InlineData("The_solution_holds*", "*.The_solution_holds_every_project")]
    public void A_class_or_a_test_is_found_in_its_project(string name, string pattern)
    {
        var chosen = Choice.Of(Projects, [name]).ShouldHaveSingleItem();

        chosen.Project.Name.ShouldBe("Repository");
        chosen.Methods.ShouldBe([pattern]);
    }

    [Fact]
    public void A_whole_project_is_not_narrowed_by_one_of_its_tests() =>
        Choice.Of(Projects, ["RuleTests", "Repository", "RunnerTests"]).ShouldHaveSingleItem().Methods.ShouldBeEmpty();

    [Fact]
    public void An_unknown_name_is_an_error_that_tells_the_projects() =>
        Should.Throw<UnknownNameException>(() => Choice.Of(Projects, ["Bilings"])).Message.ShouldContain("Billing");

    [Theory]
    [InlineData("services/billing/Problems.cs", "Billing Gateway EndToEnd Hosting", "Intake Contracts")]
    [InlineData("contracts/Events/Billing.cs", "Contracts Billing Intake EndToEnd", "Repository")]
    [InlineData("tests/Support/Eventually.cs", "Billing EndToEnd Hosting", "Contracts")]
    [InlineData("tests/Interop/Peer.cs", "Interop", "Billing EndToEnd")]
    [InlineData("docs/openapi.json", "Gateway", "Contracts Matching")]
    [InlineData("Directory.Build.props", "Contracts Billing EndToEnd Repository", "")]
    [InlineData("docs/decisions/0002-own-outbox.md", "", "Contracts Billing EndToEnd")]
    public void A_changed_file_concerns_the_tests_that_depend_on_it(string file, string concerned, string others)
    {
        File.Exists(Path.Combine(Tree.Root, file)).ShouldBeTrue();

        var names = Changes.Concerned(Projects, [file]).Select(p => p.Name).ToList();

        concerned.Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBeSubsetOf(names);
        names.Intersect(others.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ShouldBeEmpty();
    }
}
