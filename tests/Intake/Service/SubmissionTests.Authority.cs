using System.Net;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Who may ask for whom, and who has looked at the proof before a physician reads the file.</summary>
public sealed partial class SubmissionTests
{
    [Fact]
    public async Task A_parents_file_waits_for_the_review_of_the_proof_and_then_goes_on_by_itself()
    {
        var mother = intake.Patient();
        var id = await OpenFor(mother, "parent", "2015-05-05");
        await mother.Fill(id);
        var unproved = await Journey.Json(await mother.Submit(id));
        (await mother.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")), type: "authority_proof")).EnsureSuccessStatusCode();
        var waiting = await Journey.Json(await mother.Submit(id));

        unproved.GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).ShouldBe(["authority_proof"]);
        waiting.GetProperty("state").GetString().ShouldBe("submitted");
        waiting.GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).ShouldBe(["authority_review"]);
        intake.Partners.Billing.Reservations.ShouldNotContainKey(id.ToString(), "nothing is held before somebody has looked");

        // The agent sees who and the proof, and nothing of the disease; the rest of the case stays closed.
        var agent = intake.Agent();
        (await Waiting(agent)).ShouldContain(id);
        var proof = await agent.Get($"/api/v1/cases/authority-proofs/{id}");
        proof.GetProperty("relativeName").GetString().ShouldBe("Jeanne EXEMPLE");
        proof.GetProperty("needsPatientsAgreement").GetBoolean().ShouldBeFalse();
        proof.ToString().ShouldNotContain("endometriose");
        var document = proof.GetProperty("documents").EnumerateArray().Single().GetProperty("documentId").GetGuid();
        (await agent.Http.GetByteArrayAsync($"/api/v1/cases/authority-proofs/{id}/documents/{document}"))
            .ShouldBe(await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")));
        var report = await intake.Sql<Guid>("select id from document where case_id = @id and type_code <> 'authority_proof'", new { id });
        (await agent.Http.GetAsync($"/api/v1/cases/authority-proofs/{id}/documents/{report}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await agent.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await mother.Http.GetAsync($"/api/v1/cases/authority-proofs/{id}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        (await Journey.Problem(await Review(agent, id, new { accepted = true, reason = "unreadable" }))).ShouldBe((400, "REQ-0002", "#/reason missing"));
        (await Review(agent, id, new { accepted = true })).EnsureSuccessStatusCode();

        (await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == id)).CaseId.ShouldBe(id);
        (await intake.State(id)).ShouldBe("complete");
        (await Waiting(agent)).ShouldNotContain(id);
        (await agent.Http.GetAsync($"/api/v1/cases/authority-proofs/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, "the reason to look is gone");
        (await intake.Sql<string>("select string_agg(action || ' ' || object_type, ', ' order by id) from audit_record "
            + "where actor_role = 'agent' and action <> 'refused' and (object_id = @id or object_id = @document)",
            new { id = id.ToString(), document = document.ToString() }))
            .ShouldBe("read authority_proof, download authority_proof, review authority_proof");
    }

    [Fact]
    public async Task A_proof_that_is_refused_goes_back_with_the_reason_and_another_asks_for_another_review()
    {
        var guardian = intake.Patient();
        var id = await OpenFor(guardian, "guardian", "1950-05-05", representsPerson: true);
        await guardian.Fill(id);
        (await guardian.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")), type: "authority_proof")).EnsureSuccessStatusCode();
        (await Journey.Json(await guardian.Submit(id))).GetProperty("state").GetString().ShouldBe("submitted");

        (await Review(intake.Agent(), id, new { accepted = false, reason = "not_this_authority" })).EnsureSuccessStatusCode();
        (await intake.State(id)).ShouldBe("incomplete");
        var told = (await guardian.Case(id)).GetProperty("missing").EnumerateArray().Single();
        told.GetProperty("code").GetString().ShouldBe("authority_proof");
        told.GetProperty("detail").GetString()!.ShouldStartWith("Ce document ne montre pas");

        (await guardian.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("compte-rendu.pdf")), type: "authority_proof")).EnsureSuccessStatusCode();
        (await Journey.Json(await guardian.Submit(id))).GetProperty("state").GetString().ShouldBe("submitted");
        (await Review(intake.Agent(), id, new { accepted = true })).EnsureSuccessStatusCode();
        await Eventually.True(async () => await intake.State(id) == "complete", "the file goes on");
    }

    [Theory]
    [InlineData("curator")]
    [InlineData("patient_agreement")]
    public async Task Who_assists_an_adult_acts_with_the_adults_own_recorded_agreement_and_no_longer_than_it(string authority)
    {
        var relative = intake.Patient();
        var id = await OpenFor(relative, authority, "1950-05-05");
        await relative.Fill(id);
        (await relative.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")), type: "authority_proof")).EnsureSuccessStatusCode();
        (await Journey.Json(await relative.Submit(id))).GetProperty("state").GetString().ShouldBe("submitted");

        (await Journey.Problem(await relative.Consent(id, "relative_acts"))).ShouldBe((400, "REQ-0002", "#/purpose not_by_this_way"));
        (await Journey.Problem(await Review(intake.Agent(), id, new { accepted = true }))).ShouldBe((400, "REQ-0002", "#/patientAgreed must_be_true"));
        (await Review(intake.Agent(), id, new { accepted = true, patientAgreed = true })).EnsureSuccessStatusCode();
        await Eventually.True(async () => await intake.State(id) == "complete", "the file goes on");
        (await intake.Sql<string>("select channel || ' ' || granted from consent where case_id = @id and purpose = 'relative_acts'", new { id }))
            .ShouldBe("phone true");

        (await Review(intake.Agent(), id, new { accepted = false, reason = "no_agreement" })).EnsureSuccessStatusCode();
        (await intake.State(id)).ShouldBe("withdrawn");
    }

    public static TheoryData<string, string, bool, string> UnfitAuthorities => new()
    {
        { "parent", "1989-04-17", false, "#/relative/authority not_for_an_adult" },
        { "curator", "2015-05-05", false, "#/relative/authority not_for_a_minor" },
        { "patient_agreement", "2015-05-05", false, "#/relative/authority not_for_a_minor" },
        { "family_authorisation", "2015-05-05", true, "#/relative/authority not_for_a_minor" },
        { "guardian", "1950-05-05", false, "#/relative/representsPerson must_be_true" },
        { "family_authorisation", "1950-05-05", false, "#/relative/representsPerson must_be_true" },
        { "future_protection_mandate", "1950-05-05", false, "#/relative/representsPerson must_be_true" },
        { "neighbour", "1950-05-05", false, "#/relative/authority unknown_code" },
    };

    [Theory]
    [MemberData(nameof(UnfitAuthorities))]
    public async Task An_authority_that_does_not_fit_the_age_or_does_not_represent_the_person_opens_nothing(
        string authority, string birthDate, bool represents, string expected) =>
        (await Journey.Problem(await intake.Patient().TryOpen(For(authority, birthDate, represents)))).ShouldBe((400, "REQ-0002", expected));

    [Fact]
    public async Task A_child_who_comes_of_age_before_the_end_is_asked_for_the_own_word()
    {
        var father = intake.Patient();
        var born = intake.Time.GetUtcNow().AddYears(-18).AddDays(30);
        var id = await OpenFor(father, "parent", born.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));

        (await father.Case(id)).GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).ShouldContain("authority_proof");
        intake.Time.Advance(TimeSpan.FromDays(31));
        (await father.Case(id)).GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).ShouldContain("authority");
    }

    [Fact]
    public async Task A_minor_who_asks_alone_is_told_what_applies_and_one_in_danger_is_sent_to_help_first()
    {
        var alone = Journey.Opening(r => r["patient"]!["birthDate"] = "2011-05-05");
        var answer = await intake.Patient().TryOpen(alone);
        var agents = await intake.Agent().TryOpen(Journey.Opening(r =>
        {
            r["patient"]!["birthDate"] = "2011-05-05";
            r["patientId"] = Guid.CreateVersion7();
        }));
        var danger = await intake.Patient().TryOpen(Journey.Opening(r =>
        {
            r["patient"]!["birthDate"] = "2011-05-05";
            r["safety"]!["suicidalThoughts"] = true;
        }));

        (await Journey.Problem(answer)).ShouldBe((409, "INT-0027", null));
        (await Journey.Json(answer)).GetProperty("detail").GetString()!.ShouldContain("L.1111-5");
        (await Journey.Problem(agents)).Code.ShouldBe("INT-0027");
        (await Journey.Json(danger)).GetProperty("redirection").GetProperty("code").GetString().ShouldBe("suicidal_thoughts");
        var page = await intake.Patient().Get("/api/v1/orientation/pages/minors-l1111-5");
        page.ToString().ShouldContain("L.1111-5");
    }

    private static JsonObject For(string authority, string birthDate, bool representsPerson = false) => Journey.Opening(r =>
    {
        r["relative"] = new JsonObject { ["authority"] = authority, ["name"] = "Jeanne EXEMPLE", ["representsPerson"] = representsPerson };
        r["patient"]!["birthDate"] = birthDate;
        r["patient"]!.AsObject().Remove("nir");
    });

    private static Task<Guid> OpenFor(Journey who, string authority, string birthDate, bool representsPerson = false) =>
        who.Open(For(authority, birthDate, representsPerson));

    private static Task<HttpResponseMessage> Review(Journey agent, Guid id, object review) =>
        agent.Post($"/api/v1/cases/authority-proofs/{id}/review", review, Guid.CreateVersion7().ToString());

    private static async Task<IReadOnlyList<Guid>> Waiting(Journey agent) =>
        [.. (await agent.Get("/api/v1/cases/authority-proofs?limit=100")).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("caseId").GetGuid())];
}
