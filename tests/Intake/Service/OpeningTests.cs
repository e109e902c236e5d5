using System.Net;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Opening a case: who may, what is asked of billing, what is written down and how.</summary>
public sealed class OpeningTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Fact]
    public async Task A_covered_patient_gets_a_draft()
    {
        var patient = intake.Patient();

        var answer = await patient.TryOpen();

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var opened = await Journey.Json(answer);
        var id = opened.GetProperty("caseId").GetGuid();
        answer.Headers.Location!.OriginalString.ShouldBe($"/api/v1/cases/{id}");
        opened.GetProperty("state").GetString().ShouldBe("draft");
        opened.GetProperty("coverage").GetProperty("status").GetString().ShouldBe("covered");
        opened.GetProperty("legalRegime").GetString().ShouldBe("teleconseil_personnalise");
        var told = await intake.Service.Broker.Next<CaseOpened>(e => e.CaseId == id);
        told.ShouldBe(new CaseOpened
        {
            CaseId = id,
            PathologyCode = "endometriose",
            InsurerId = null,
            Coverage = "covered",
            RequestedBy = "patient",
            DepartmentCode = "18",
            OpenedAt = told.OpenedAt,
        });
        intake.Partners.Billing.Checks.ShouldContain(
            c => c.Reference == id.ToString() && c.AmcNumber == "0099000001" && c.BirthDate == "1989-04-17" && c.BirthRank == 1);
    }

    [Fact]
    public async Task Whoever_the_insurer_refuses_gets_the_reason()
    {
        var answer = await intake.Patient().TryOpen(Journey.Opening(r => r["coverage"]!["memberNumber"] = "NON1"));

        var opened = await Journey.Json(answer);
        opened.GetProperty("state").GetString().ShouldBe("refused");
        opened.GetProperty("coverage").GetProperty("refusalCode").GetString().ShouldBe("not_recognised");
        opened.GetProperty("coverage").GetProperty("refusalText").GetString().ShouldBe("Votre mutuelle ne vous reconnaît pas.");
        var id = opened.GetProperty("caseId").GetGuid();
        (await intake.Service.Broker.Next<CaseStateChanged>(e => e.CaseId == id)).To.ShouldBe("refused");
    }

    [Fact]
    public async Task Without_an_insurer_the_case_is_refused_and_other_ways_are_named()
    {
        var opened = await Journey.Json(await intake.Patient().TryOpen(Journey.Opening(r => r.Remove("coverage"))));

        opened.GetProperty("coverage").GetProperty("refusalCode").GetString().ShouldBe("no_partner_insurer");
    }

    [Theory]
    [InlineData("""{ "signs": ["chest_pain"], "suicidalThoughts": true, "hospitalised": true, "diagnosisKnown": false, "urgent": true }""", "emergency", "15")]
    [InlineData("""{ "signs": [], "suicidalThoughts": true, "hospitalised": true, "diagnosisKnown": true, "urgent": false }""", "suicidal_thoughts", "3114")]
    [InlineData("""{ "signs": [], "suicidalThoughts": false, "hospitalised": true, "diagnosisKnown": true, "urgent": false }""", "hospitalised", null)]
    [InlineData("""{ "signs": [], "suicidalThoughts": false, "hospitalised": false, "diagnosisKnown": false, "urgent": true }""",
        "urgent_without_diagnosis", "116 117")]
    public async Task Whoever_needs_help_now_is_sent_there_before_anything_is_asked_of_the_insurer(string safety, string door, string? call)
    {
        var before = intake.Partners.Billing.Checks.Count;

        var opened = await Journey.Json(await intake.Patient().TryOpen(Journey.Opening(r => r["safety"] = JsonNode.Parse(safety))));

        opened.GetProperty("state").GetString().ShouldBe("redirected");
        opened.GetProperty("redirection").GetProperty("code").GetString().ShouldBe(door);
        opened.GetProperty("redirection").GetProperty("call").EnumerateArray().Select(c => c.GetString()).FirstOrDefault().ShouldBe(call);
        intake.Partners.Billing.Checks.Count.ShouldBe(before);
    }

    public static TheoryData<string, string, string> BadInput => new()
    {
        { "patient/nir", "289043523899903", "#/patient/nir invalid_key" },
        { "pathologyCode", "grippe-imaginaire", "#/pathologyCode unknown_pathology" },
        { "patient/birthDate", "2999-01-01", "#/patient/birthDate impossible_date" },
        { "patient/sex", "X", "#/patient/sex unknown_code" },
        { "coverage/amcNumber", "12", "#/coverage/amcNumber invalid_amc_number" },
        { "treatingEstablishment", "189999999", "#/treatingEstablishment invalid_key" },
        { "residenceCommune", "18100x", "#/residenceCommune unknown_commune" },
        { "patient/email", "camille", "#/patient/email invalid_email" },
    };

    [Theory]
    [MemberData(nameof(BadInput))]
    public async Task Bad_input_is_told_by_its_field(string path, string value, string expected)
    {
        var request = Journey.Opening();
        var parts = path.Split('/');
        (parts.Length == 2 ? request[parts[0]]!.AsObject() : request)[parts[^1]] = value;

        var problem = await Journey.Problem(await intake.Patient().TryOpen(request));

        problem.ShouldBe((400, "REQ-0002", expected));
    }

    [Fact]
    public async Task An_unknown_member_of_the_body_is_refused()
    {
        var problem = await Journey.Problem(await intake.Patient().TryOpen(Journey.Opening(r => r["favouriteColour"] = "bleu")));

        problem.ShouldBe((400, "REQ-0001", "#/favouriteColour unknown_member"));
    }

    [Fact]
    public async Task Nothing_in_a_list_is_named_by_its_whole_place() =>
        (await Journey.Problem(await intake.Patient().TryOpen(Journey.Opening(r => r["patient"]!["givenNames"] = new JsonArray("Camille", null)))))
            .ShouldBe((400, "REQ-0001", "#/patient/givenNames/1 null_not_allowed"));

    [Fact]
    public async Task The_same_key_gives_the_same_case_and_another_body_is_refused()
    {
        var patient = intake.Patient();
        var key = Guid.CreateVersion7().ToString();

        var first = await Journey.Json(await patient.TryOpen(key: key));
        var second = await Journey.Json(await patient.TryOpen(key: key));
        var other = await Journey.Problem(await patient.TryOpen(Journey.Opening(r => r["pathologyCode"] = "cancer-du-sein"), key));

        second.GetProperty("caseId").GetGuid().ShouldBe(first.GetProperty("caseId").GetGuid());
        other.ShouldBe((422, "REQ-0011", null));
    }

    /// <summary>Clients that ask first stop asking after a second, and most never ask: they write all of it before they read the answer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_300_megabytes_is_refused_and_the_caller_hears_it(bool asksFirst)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/cases") { Content = new StreamContent(new Endless(300_000_000)) };
        request.Content.Headers.ContentType = new("application/json");
        request.Content.Headers.ContentLength = 300_000_000;
        request.Headers.Add("Idempotency-Key", "big");
        request.Headers.ExpectContinue = asksFirst;

        var problem = await Journey.Problem(await intake.Patient().Http.SendAsync(request));

        problem.ShouldBe((413, "REQ-0007", null));
    }

    [Fact]
    public async Task Nothing_that_names_the_patient_is_readable_in_the_database()
    {
        var id = await intake.Patient().Open();

        var rows = await intake.Sql<string>(
            "select string_agg(f::text || encode(sealed_person, 'escape') || encode(sealed_coverage_question, 'escape'), ' ') from case_file f where id = @id",
            new { id });

        foreach (var secret in (string[])["EXEMPLE", "Camille", "1989-04-17", "289043523899902", "FICTIF000042", "example.org"])
        {
            rows.ShouldNotContain(secret);
        }
    }

    [Fact]
    public async Task A_stolen_row_put_in_place_of_another_does_not_open()
    {
        var patient = intake.Patient();
        var (mine, other) = (await patient.Open(), await patient.Open(Journey.Opening(r => r["patient"]!["birthName"] = "AUTRE")));

        await intake.Sql<object>(
            "update case_file set sealed_person = (select sealed_person from case_file where id = @other) where id = @mine", new { mine, other });

        (await patient.Http.GetAsync($"/api/v1/cases/{mine}")).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task A_patient_sees_own_cases_only_and_page_by_page()
    {
        var patient = intake.Patient();
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await patient.Open());
        }

        var stranger = intake.Patient();
        var first = await patient.Get("/api/v1/cases?limit=2");
        var cursor = first.GetProperty("next").GetString();
        var second = await patient.Get($"/api/v1/cases?limit=2&after={cursor}");
        var third = await patient.Get($"/api/v1/cases?limit=2&after={second.GetProperty("next").GetString()}");

        var seen = new[] { first, second, third }.SelectMany(p => p.GetProperty("items").EnumerateArray())
            .Select(c => c.GetProperty("caseId").GetGuid()).ToList();
        seen.ShouldBe(ids, ignoreOrder: true);
        third.GetProperty("next").GetString().ShouldBeNull();
        (await stranger.Get("/api/v1/cases")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await Journey.Problem(await stranger.Http.GetAsync($"/api/v1/cases/{ids[0]}"))).Status.ShouldBe(404);
        (await Journey.Problem(await stranger.Http.GetAsync($"/api/v1/cases?after={cursor}"))).ShouldBe((400, "REQ-0002", "#/after invalid_cursor"));
    }

    [Theory]
    [InlineData(Roles.Partner)]
    [InlineData(Roles.Ops)]
    [InlineData(Roles.Council)]
    [InlineData(Roles.Service)]
    public async Task Nobody_else_reaches_a_case(string role)
    {
        var id = await intake.Patient().Open();
        var token = role == Roles.Partner ? TestTokens.Partner(Guid.CreateVersion7()) : TestTokens.Of(role);
        var other = intake.Service.Http(token);

        foreach (var path in (string[])[
            "", $"/{id}", $"/{id}/answers", $"/{id}/questions", $"/{id}/opinion", $"/{id}/opinion.pdf", $"/{id}/documents/{Guid.CreateVersion7()}"])
        {
            (await other.GetAsync("/api/v1/cases" + path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
        }

        (await intake.Service.Http().GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Every_read_leaves_a_record()
    {
        var patient = intake.Patient();
        var id = await patient.Open();

        await patient.Case(id);

        (await intake.Sql<long>(
            "select count(*) from audit_record where object_id = @id and action = 'read' and actor_role = 'patient' and purpose = 'own_file'",
            new { id = id.ToString() }))
            .ShouldBe(1);
    }

    /// <summary>Zeros without end, so that no test holds 300 MB.</summary>
    private sealed class Endless(long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var take = (int)Math.Min(count, length - Position);
            Position += take;
            buffer.AsSpan(offset, take).Fill((byte)' ');
            return take;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
