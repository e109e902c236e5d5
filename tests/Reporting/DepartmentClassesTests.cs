using Dapper;
using SecondOpinion.Reporting.Indicators;

namespace SecondOpinion.Tests.Reporting;

public sealed class DepartmentClassesTests(ReportingFixture reporting) : IClassFixture<ReportingFixture>
{
    [Fact]
    public void Every_departement_has_one_class_and_it_follows_the_rule_that_the_file_states()
    {
        var file = DepartmentClasses.Read();
        file.Rows.Count.ShouldBe(101);
        file.Rows.Select(r => r.Code).ShouldBeUnique();
        foreach (var row in file.Rows)
        {
            var expected = row.AplGeneralists <= 2.5m || row.GeneralistsPer100000 < 102.7m ? "desert" : row.AplGeneralists > 4 ? "well_served" : "intermediate";
            row.Class.ShouldBe(expected, row.Code);
        }
    }

    [Fact]
    public async Task The_file_is_loaded_once_and_a_changed_version_stops_the_start()
    {
        (await reporting.Count("select count(*) from department_class")).ShouldBe(101);
        await reporting.Service.Stop();
        await reporting.Service.Start();
        (await reporting.Count("select count(*) from department_class")).ShouldBe(101);

        await reporting.Service.Stop();
        await using (var db = await reporting.Service.Data.OpenConnectionAsync())
        {
            await db.ExecuteAsync("update department_class_version set sha256 = 'of another file'");
        }

        var failure = await Should.ThrowAsync<Exception>(() => reporting.Service.Start());
        failure.ToString().ShouldContain("raise the version");
    }
}
