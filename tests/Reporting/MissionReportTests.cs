using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Reporting;

/// <summary>The published mission report as a test: three years of events through the bus, in disorder and some of them twice, give its tables.</summary>
public sealed class MissionReportTests(MissionReportTests.ThreeYears years) : IClassFixture<MissionReportTests.ThreeYears>
{
    [Theory]
    [InlineData(2021)]
    [InlineData(2022)]
    [InlineData(2023)]
    public async Task Every_published_figure_comes_out_of_the_events(int year)
    {
        var report = await years.Report(2023);

        foreach (var (indicator, group, published) in MissionSeed.Figures(year))
        {
            if (IsWrongInTheSource(year, indicator))
            {
                continue;
            }

            var value = Value(report, indicator, group, year);
            var decimals = published.Scale;
            Math.Round((decimal)value.GetProperty("value").GetDouble(), decimals, MidpointRounding.AwayFromZero)
                .ShouldBe(published, $"{year} {indicator} {group}");
        }
    }

    [Fact]
    public async Task What_the_source_gets_wrong_is_said_and_nothing_else()
    {
        var doubts = (await years.Report(2023)).GetProperty("doubts").EnumerateArray().ToList();

        var sum = doubts.Single(d => d.GetProperty("kind").GetString() == "sum");
        sum.GetProperty("year").GetInt32().ShouldBe(2021);
        sum.GetProperty("indicator").GetString().ShouldBe("mission_category");
        Flowing(sum.GetProperty("sentence").GetString()!).ShouldContain("totalisent 104 % au lieu de 100 %");
        doubts.ShouldAllBe(d => IsWrongInTheSource(d.GetProperty("year").GetInt32(), d.GetProperty("indicator").GetString()!));
        // Published as two, named as four; and the one named again in 2023 is no new partner.
        doubts.ShouldContain(d => d.GetProperty("indicator").GetString() == "partner_associations");
        Value(await years.Report(2023), "partner_associations", null, 2023).GetProperty("text").GetString()
            .ShouldBe("3 : Endobreiz, Likid Chocolat, Patients en réseau");
    }

    [Fact]
    public async Task A_figure_comes_with_how_many_and_a_sample_with_its_interval_and_a_target_where_there_is_one()
    {
        var report = await years.Report(2023);

        var rate = Value(report, "recommendation_rate", null, 2023);
        rate.GetProperty("of").GetInt64().ShouldBe(450);
        rate.GetProperty("low").GetDouble().ShouldBe(95.1);
        rate.GetProperty("high").GetDouble().ShouldBe(98.3);
        Line(report, "recommendation_rate", null).GetProperty("target").GetString().ShouldBe("> 95 %");
        Value(report, "convergence", null, 2023).GetProperty("low").ValueKind.ShouldBe(JsonValueKind.Null);
        var notes = report.GetProperty("notes").EnumerateArray().ToList();
        foreach (var line in report.GetProperty("commitments").EnumerateArray().SelectMany(c => c.GetProperty("lines").EnumerateArray()))
        {
            var note = notes.Single(n => n.GetProperty("number").GetInt32() == line.GetProperty("note").GetInt32());
            note.GetProperty("indicator").GetString().ShouldBe(line.GetProperty("indicator").GetString());
            note.GetProperty("version").GetInt32().ShouldBeGreaterThan(0);
            ((string[])["definition", "population", "source"]).ShouldAllBe(part => note.GetProperty(part).GetString()!.Length > 5);
        }
    }

    [Fact]
    public async Task Convergence_is_told_by_pathology_too()
    {
        var line = Line(await years.Report(2023), "convergence_by_pathology", "endometriose");

        line.GetProperty("label").GetString().ShouldBe("Convergence\u00A0: endometriose");
        line.GetProperty("values").EnumerateArray().Select(v => v.GetProperty("of").GetInt64()).ShouldBe([300, 420, 689]);
    }

    [Fact]
    public async Task Groups_of_few_people_are_hidden_from_the_grid_that_would_give_them_away()
    {
        // Nobody of the sample is a farmer: INSEE's grid would say so, and the mission's grid cuts the same people.
        var line = Line(await years.Report(2023), "pcs_group", "1");
        line.GetProperty("values").EnumerateArray().ShouldAllBe(v => v.GetProperty("value").ValueKind == JsonValueKind.Null);
        Line(await years.Report(2023), "pcs_group", "7").GetProperty("values")[2].GetProperty("text").GetString().ShouldBe("non publié (moins de 11)");
    }

    [Fact]
    public async Task The_pdf_is_tagged_and_sound_tells_every_figure_and_has_the_same_bytes_each_time()
    {
        var bytes = await years.Reporting.Ops.GetByteArrayAsync("/api/v1/reports/mission/2023/pdf");
        (await years.Reporting.Ops.GetByteArrayAsync("/api/v1/reports/mission/2023/pdf")).ShouldBe(bytes);

        // To be looked at.
        await File.WriteAllBytesAsync(
            Path.Combine(Directory.CreateDirectory(Path.Combine(Sources.Root, "artifacts", "demo")).FullName, "rapport-de-mission-2023.pdf"), bytes);

        using var pdf = ReadPdf.Of(bytes);
        pdf.MustBeSound();
        pdf.Properties.ShouldContain("Rapport de mission 2023");
        var structure = pdf.Structure;
        Regex.Count(structure, @"^  Table", RegexOptions.Multiline).ShouldBe(4);
        Regex.Count(structure, @"^      TH\b", RegexOptions.Multiline).ShouldBeGreaterThan(4 * 5 + 20);
        Regex.Count(structure, @"^      TD\b", RegexOptions.Multiline).ShouldBeGreaterThan(4 * 20);
        pdf.Objects.ShouldContain("/Scope /Column");
        pdf.Objects.ShouldContain("/Scope /Row");
        var text = Flowing(structure.Replace("\"", "", StringComparison.Ordinal));
        var report = await years.Report(2023);
        text.ShouldContain(report.GetProperty("seal").GetProperty("sha256").GetString()!);
        text.ShouldContain("totalisent 104 %");
        text.ShouldContain("Le Comité félicite");
        foreach (var value in (string[])["97,1 %", "64,0 %", "11,1 %", "68,9 %"])
        {
            text.ShouldContain(value);
        }

        foreach (var note in report.GetProperty("notes").EnumerateArray())
        {
            text.ShouldContain(Flowing(note.GetProperty("population").GetString()!));
        }
    }

    [Fact]
    public async Task The_page_holds_whatever_was_written_as_text_and_loads_nothing()
    {
        var answer = await years.Reporting.Ops.GetAsync("/api/v1/reports/mission/2023/html");
        answer.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'");
        var page = await answer.Content.ReadAsStringAsync();

        page.ShouldContain("<html lang=\"fr\">");
        page.ShouldContain("&lt;script&gt;");
        page.ShouldNotContain("<script");
        Regex.Matches(page, @"(?:src|href)=""([^""]*)""").ShouldAllBe(m => m.Groups[1].Value.StartsWith('#'));
        foreach (Match link in Regex.Matches(page, @"href=""#(note-\d+)"""))
        {
            page.ShouldContain($"<li id=\"{link.Groups[1].Value}\">");
        }
    }

    [Fact]
    public async Task The_seal_stands_while_the_data_do_and_not_when_a_figure_moves()
    {
        // Of 2022: the other tests read 2023, in which this year's figures stand too, so the event is one that they round away.
        var before = (await years.Report(2022)).GetProperty("seal");
        (await years.Report(2022)).GetProperty("seal").GetProperty("sha256").GetString().ShouldBe(before.GetProperty("sha256").GetString());

        await years.Reporting.Publish(OpinionOf2020());

        var after = (await years.Report(2022)).GetProperty("seal");
        after.GetProperty("program").GetString().ShouldBe(before.GetProperty("program").GetString());
        after.GetProperty("data").GetString().ShouldNotBe(before.GetProperty("data").GetString());
        after.GetProperty("sha256").GetString().ShouldNotBe(before.GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task A_year_that_is_not_over_has_no_report_and_a_year_out_of_range_is_absent()
    {
        var now = TimeProvider.System.GetUtcNow().Year + 1;
        var answer = await years.Reporting.Ops.GetAsync($"/api/v1/reports/mission/{now}");
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("REP-0003");
        foreach (var path in (string[])["1999", "2101", "0", "2023/docx"])
        {
            (await years.Reporting.Ops.GetAsync($"/api/v1/reports/mission/{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }
    }

    [Theory]
    [InlineData("/api/v1/reports/mission/2023")]
    [InlineData("/api/v1/reports/mission/2023/pdf")]
    [InlineData("/api/v1/reports/mission/2023/declared")]
    public async Task Only_operations_may_read_it(string path)
    {
        (await years.Reporting.Service.Http().GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var role in Roles.All.Where(role => role != Roles.Ops))
        {
            (await years.Reporting.Service.Http(TestTokens.Of(role)).GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }
    }

    [Theory]
    [InlineData("targets", """[{ "indicator": "happiness", "text": "x" }]""")]
    [InlineData("comments", """[{ "commitment": 5, "text": "x" }]""")]
    [InlineData("comments", """[{ "commitment": 1, "text": "x" }, { "commitment": 1, "text": "y" }]""")]
    [InlineData("partnerships", """[{ "kind": "bank", "name": "x", "signedOn": "2019-02-01" }]""")]
    [InlineData("partnerships", """[{ "kind": "association", "name": "x", "signedOn": "2020-02-01" }]""")]
    [InlineData("actions", """[{ "kind": "webinar", "title": " ", "heldOn": "2019-02-01", "people": -1 }]""")]
    [InlineData("published", """[{ "indicator": "convergence", "group": "desert", "value": 1 }]""")]
    [InlineData("published", """[{ "indicator": "department_class", "group": null, "value": 1 }]""")]
    [InlineData("published", """[{ "indicator": "convergence", "group": null, "value": 0.0000000000000000000000000001 }]""")]
    public async Task What_cannot_be_declared_is_refused_with_its_place(string member, string items)
    {
        var answer = await Declare(2019, Body(member, items), "\"v0\"");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("pointer").GetString()!.ShouldStartWith($"#/{member}");
    }

    [Fact]
    public async Task A_declaration_needs_the_version_that_was_read_and_keeps_every_version()
    {
        (await Declare(2018, Body("members", "[]"), ifMatch: null)).StatusCode.ShouldBe((HttpStatusCode)428);
        var first = await Declare(2018, Body("members", """[{ "name": "Membre A", "role": "x" }]"""), "\"v0\"");
        first.Headers.ETag!.Tag.ShouldBe("\"v1\"");
        (await Declare(2018, Body("members", "[]"), "\"v0\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await Declare(2018, Body("members", """[{ "name": "Membre B", "role": "x" }]"""), "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var kept = await years.Reporting.Ops.GetFromJsonAsync<JsonElement>("/api/v1/reports/mission/2018/declared");
        kept.GetProperty("version").GetInt32().ShouldBe(2);
        kept.GetProperty("content").GetProperty("members")[0].GetProperty("name").GetString().ShouldBe("Membre B");
        (await years.Reporting.Count("select count(*) from mission_year_version where year = 2018")).ShouldBe(2);
    }

    private async Task<HttpResponseMessage> Declare(int year, string body, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/reports/mission/{year}/declared")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await years.Reporting.Ops.SendAsync(request);
    }

    private static string Body(string member, string items)
    {
        string Of(string name) => name == member ? items : "[]";
        return $$"""
            { "members": {{Of("members")}}, "targets": {{Of("targets")}}, "comments": {{Of("comments")}}, "conclusion": "",
              "partnerships": {{Of("partnerships")}}, "actions": {{Of("actions")}}, "published": {{Of("published")}} }
            """;
    }

    private static bool IsWrongInTheSource(int year, string indicator) => (year, indicator) is (2021, "mission_category") or (2022, "partner_associations");

    /// <summary>One more opinion of 2020.</summary>
    private static object OpinionOf2020() => new OpinionDelivered
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = Guid.CreateVersion7(),
        PhysicianId = Guid.CreateVersion7(),
        Version = 1,
        DeliveredAt = new DateTimeOffset(2020, 5, 4, 9, 0, 0, TimeSpan.Zero),
    };

    private static JsonElement Line(JsonElement report, string indicator, string? group) => report.GetProperty("commitments").EnumerateArray()
        .SelectMany(c => c.GetProperty("lines").EnumerateArray())
        .Single(l => l.GetProperty("indicator").GetString() == indicator && l.GetProperty("group").GetString() == group);

    private static JsonElement Value(JsonElement report, string indicator, string? group, int year) =>
        Line(report, indicator, group).GetProperty("values").EnumerateArray().Single(v => v.GetProperty("year").GetInt32() == year);

    /// <summary>As one line: pages break lines where they like.</summary>
    private static string Flowing(string text) => Regex.Replace(text, @"\s+", " ");

    /// <summary>The three years, once for all the tests.</summary>
    public sealed class ThreeYears : IAsyncLifetime
    {
        public ReportingFixture Reporting { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await Reporting.InitializeAsync();
            var random = new Random(2023);
            var once = MissionSeed.Events().Select(e => (Event: e, Guid.CreateVersion7())).ToList();
            // One in fifty comes twice.
            (object, Guid)[] all = [.. once, .. once.Where((_, i) => i % 50 == 0)];
            random.Shuffle(all);
            await Reporting.PublishMany(all);
            var table = await Reporting.Ops.PutAsJsonAsync("/api/v1/reports/department-classes/1", new
            {
                year = 2023,
                source = "Table d'exemple",
                decidedBy = "Conseil scientifique (exemple)",
                official = false,
                rows = new[]
                {
                    new { department = "75", @class = "well_served" }, new { department = "27", @class = "intermediate" },
                    new { department = "18", @class = "desert" },
                },
            });
            table.EnsureSuccessStatusCode();
            foreach (var year in (int[])[2021, 2022, 2023])
            {
                using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/reports/mission/{year}/declared")
                {
                    Content = JsonContent.Create(MissionSeed.Declared(year)),
                };
                request.Headers.TryAddWithoutValidation("If-Match", "\"v0\"");
                var answer = await Reporting.Ops.SendAsync(request);
                answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
            }
        }

        public ValueTask DisposeAsync() => Reporting.DisposeAsync();

        public async Task<JsonElement> Report(int year) =>
            await Reporting.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/reports/mission/{year}");
    }
}
