using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Reporting;

public sealed class DepartmentClassesTests : IAsyncLifetime
{
    private readonly ReportingFixture _reporting = new();

    public ValueTask InitializeAsync() => _reporting.InitializeAsync();

    public ValueTask DisposeAsync() => _reporting.DisposeAsync();

    [Fact]
    public async Task Without_a_table_no_class_is_made_up_and_the_answer_says_why()
    {
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7())]);

        var departments = (await _reporting.Indicators()).GetProperty("departmentClasses");

        departments.GetProperty("classes").GetArrayLength().ShouldBe(0);
        departments.GetProperty("version").ValueKind.ShouldBe(JsonValueKind.Null);
        departments.GetProperty("notice").GetProperty("fr").GetString()!.ShouldContain("n'est pas publiée");
        departments.GetProperty("departments")[0].GetProperty("department").GetString().ShouldBe("18");
    }

    [Fact]
    public async Task Patients_with_an_opinion_are_counted_by_the_class_that_the_latest_table_gives()
    {
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7(), "18")]);
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7(), "75")]);
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7(), "988")]);
        await _reporting.Publish([.. Story.Delivered(Guid.CreateVersion7(), null)]);
        await _reporting.Publish(Opened(Guid.CreateVersion7(), "18"));
        (await Load(1, ("18", "intermediate"))).ShouldBe(HttpStatusCode.Created);
        (await Load(2, ("18", "desert"), ("75", "well_served"))).ShouldBe(HttpStatusCode.Created);

        var departments = (await _reporting.Indicators()).GetProperty("departmentClasses");

        departments.GetProperty("cases").GetInt64().ShouldBe(4);
        departments.GetProperty("decidedBy").GetString().ShouldBe("Conseil scientifique (exemple)");
        departments.GetProperty("classes").EnumerateArray()
            .Select(c => (c.GetProperty("class").GetString(), c.GetProperty("cases").GetInt64()))
            .ShouldBe([("desert", 1), ("intermediate", 0), ("well_served", 1), ("unclassified", 1), ("unknown", 1)]);
    }

    [Fact]
    public async Task A_departement_told_after_the_opening_counts_in_any_order()
    {
        var (later, before) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _reporting.Publish([.. Story.Delivered(later, null), Told(later, "2A", 5)]);
        await _reporting.Publish([Told(before, "976", 5), .. Story.Delivered(before, "75"), Told(before, "01", 3)]);

        (await _reporting.Indicators()).GetProperty("departmentClasses").GetProperty("departments").EnumerateArray()
            .Select(d => d.GetProperty("department").GetString()).ShouldBe(["2A", "976"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_loaded_version_never_changes_and_the_same_table_again_is_no_error()
    {
        (await Load(1, ("18", "desert"), ("01", "intermediate"))).ShouldBe(HttpStatusCode.Created);
        (await Load(1, ("01", "intermediate"), ("18", "desert"))).ShouldBe(HttpStatusCode.OK);
        (await Load(1, ("18", "well_served"))).ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_table_with_unknown_departements_or_classes_or_one_twice_is_refused()
    {
        (await Load(1, ("20", "desert"))).ShouldBe(HttpStatusCode.BadRequest);
        (await Load(1, ("18", "désert"))).ShouldBe(HttpStatusCode.BadRequest);
        (await Load(1, ("18", "desert"), ("18", "desert"))).ShouldBe(HttpStatusCode.BadRequest);
        (await Load(0, ("18", "desert"))).ShouldBe(HttpStatusCode.BadRequest);
        (await Load(1)).ShouldBe(HttpStatusCode.BadRequest);
        (await _reporting.Count("select count(*) from department_class_version")).ShouldBe(0);
    }

    [Fact]
    public async Task A_partner_may_not_load_one()
    {
        using var partner = _reporting.Service.Http(TestTokens.Of(Roles.Partner));
        (await partner.PutAsJsonAsync("/api/v1/reports/department-classes/1", Table(("18", "desert")))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private async Task<HttpStatusCode> Load(int version, params (string Department, string Class)[] rows) =>
        (await _reporting.Ops.PutAsJsonAsync($"/api/v1/reports/department-classes/{version}", Table(rows))).StatusCode;

    private static object Table(params (string Department, string Class)[] rows) => new
    {
        year = 2023,
        source = "Table d'exemple",
        decidedBy = "Conseil scientifique (exemple)",
        official = false,
        rows = rows.Select(row => new { department = row.Department, @class = row.Class }),
    };

    private static CaseOpened Opened(Guid caseId, string department) => new()
    {
        CaseId = caseId,
        PathologyCode = "x",
        InsurerId = null,
        Coverage = "covered",
        RequestedBy = "patient",
        DepartmentCode = department,
        OpenedAt = Story.Monday,
    };

    private static SocialFactsTold Told(Guid caseId, string department, int hours) => new()
    {
        CaseId = caseId,
        DepartmentCode = department,
        PcsGroup = null,
        MissionCategory = null,
        MappingVersion = 1,
        Disability = null,
        HeardFrom = null,
        TreatingPhysicianAware = null,
        Reason = null,
        Timing = null,
        ToldAt = Story.Monday.AddHours(hours),
    };
}
