using System.Net;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>From draft to complete: answers, questions, consents, what is missing, and billing that is away.</summary>
public sealed partial class SubmissionTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Fact]
    public async Task A_whole_file_is_complete_and_starts_the_clock()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id);

        var submitted = await Journey.Json(await patient.Submit(id));

        submitted.GetProperty("state").GetString().ShouldBe("complete");
        submitted.GetProperty("coverage").GetString().ShouldBe("reserved");
        var completed = await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == id);
        completed.SpecialtyCode.ShouldBe("SM20");
        completed.TreatingEstablishment.ShouldBe("189999998");
        (completed.PatientIsMinor, completed.Language).ShouldBe((false, "fr"));
        (completed.DueAt - completed.CompletedAt).ShouldBe(TimeSpan.FromDays(7));
        await Eventually.True(() => intake.Service.Broker.Heard<CaseStateChanged>().Count(e => e.CaseId == id) == 2, "both moves are told");
        intake.Service.Broker.Heard<CaseStateChanged>().Where(e => e.CaseId == id).OrderBy(e => e.Sequence).Select(e => (e.Sequence, e.From, e.To)).ShouldBe(
            [(1, "draft", "submitted"), (2, "submitted", "complete")]);
        // What identifies the member is gone once the insurer has engaged itself.
        (await intake.Sql<bool>("select sealed_coverage_question is null from case_file where id = @id", new { id })).ShouldBeTrue();
    }

    [Fact]
    public async Task An_empty_file_is_incomplete_and_says_what_is_missing_then_can_be_submitted_again()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Consent(id);

        var first = await Journey.Json(await patient.Submit(id));

        first.GetProperty("state").GetString().ShouldBe("incomplete");
        var missing = first.GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).Distinct().ToList();
        missing.ShouldBe(["answer", "question", "document"], ignoreOrder: true);
        intake.Partners.Billing.Reservations.ShouldNotContainKey(id.ToString());
        await patient.Fill(id, consent: false);
        (await Journey.Json(await patient.Submit(id))).GetProperty("state").GetString().ShouldBe("complete");
        var view = await patient.Case(id);
        view.GetProperty("timeline").EnumerateArray().Select(m => m.GetProperty("to").GetString())
            .ShouldBe(["submitted", "incomplete", "submitted", "complete"]);
    }

    [Fact]
    public async Task Without_the_consent_to_processing_nothing_is_submitted()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id, consent: false);

        var problem = await Journey.Problem(await patient.Submit(id));

        problem.ShouldBe((409, "INT-0002", "#/consents/processing missing"));
        (await intake.State(id)).ShouldBe("draft");
        await patient.Consent(id);
        await patient.Consent(id, granted: false);
        (await Journey.Problem(await patient.Submit(id))).Code.ShouldBe("INT-0002");
    }

    [Fact]
    public async Task A_second_submission_is_refused_with_what_is_allowed()
    {
        var patient = intake.Patient();
        var id = await patient.Complete();

        var answer = await patient.Submit(id);

        (await Journey.Problem(answer)).ShouldBe((409, "INT-0001", null));
        var body = await Journey.Json(answer);
        body.GetProperty("state").GetString().ShouldBe("complete");
        body.GetProperty("allowed").EnumerateArray().Select(a => a.GetString()).ShouldBe(["withdraw"], "what a caller can ask for");
        body.GetProperty("detail").GetString().ShouldBe("Le dossier est complet, en attente d'un médecin. Vous pouvez : le retirer.");
    }

    [Fact]
    public async Task When_the_use_is_gone_at_submission_the_case_is_refused()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id);
        intake.Partners.Billing.NoUseLeft = true;
        try
        {
            var submitted = await Journey.Json(await patient.Submit(id));

            submitted.GetProperty("state").GetString().ShouldBe("refused");
            submitted.GetProperty("refusalText").GetString().ShouldBe("Vous avez déjà utilisé ce service cette année.");
        }
        finally
        {
            intake.Partners.Billing.NoUseLeft = false;
        }
    }

    [Fact]
    public async Task While_billing_is_away_the_case_is_accepted_as_pending_and_settles_when_it_is_back()
    {
        var patient = intake.Patient();
        await intake.Partners.Stop();
        Guid draft, refused, submitted;
        try
        {
            draft = await patient.Open();
            refused = await patient.Open(Journey.Opening(r => r["coverage"]!["memberNumber"] = "NON2"));
            submitted = await patient.Open();
            (await patient.Case(draft)).GetProperty("coverage").GetProperty("status").GetString().ShouldBe("pending");
            await patient.Fill(submitted);
            var answer = await Journey.Json(await patient.Submit(submitted));
            answer.GetProperty("state").GetString().ShouldBe("submitted");
            answer.GetProperty("coverage").GetString().ShouldBe("pending");
        }
        finally
        {
            await intake.Partners.Start();
        }

        await Eventually.True(
            async () =>
            {
                // The first attempts may come while the client still waits to connect again.
                intake.Time.Advance(TimeSpan.FromMinutes(2));
                return await intake.State(submitted) == "complete";
            },
            "the submitted case is complete");
        await Eventually.True(async () => await intake.State(refused) == "refused", "the uncovered one is refused");
        await Eventually.True(
            async () => await intake.Sql<string>("select coverage from case_file where id = @draft", new { draft }) == "covered", "the draft is covered");
        (await intake.State(draft)).ShouldBe("draft");
        (await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == submitted)).CaseId.ShouldBe(submitted);
    }

    [Fact]
    public async Task A_case_whose_key_was_erased_holds_up_no_other_pending_case_and_not_the_process()
    {
        var patient = intake.Patient();
        await intake.Partners.Stop();
        Guid erased, other;
        try
        {
            erased = await patient.Open();
            other = await patient.Open();
            await intake.Sql<int>("delete from case_key where case_id = @erased returning 1", new { erased });
        }
        finally
        {
            await intake.Partners.Start();
        }

        intake.Time.Advance(TimeSpan.FromMinutes(2));
        await Eventually.True(
            async () => await intake.Sql<string>("select coverage from case_file where id = @other", new { other }) == "covered", "the other one is settled");
        intake.Time.Advance(TimeSpan.FromMinutes(2));
        await Eventually.True(async () => await intake.Sql<int>("select coverage_attempts from case_file where id = @erased", new { erased }) > 1,
            "the erased one was tried again");
        (await patient.Open()).ShouldNotBe(Guid.Empty, "the service lives");
    }

    [Fact]
    public async Task While_the_broker_is_away_the_patient_is_answered_and_the_event_leaves_later()
    {
        // A virtual host in which no queue listens stands for a broker that takes nothing: the mandatory publish comes back.
        await using var deaf = await TestBroker.Start(listens: false);
        await using var alone = await ServiceUnderTest<Program>.Start(
            "intake",
            new Dictionary<string, string?>(IntakeFixture.Encryption)
            {
                ["Documents:Path"] = intake.DocumentsPath,
                ["services:billing:grpc:0"] = intake.Partners.Address.AbsoluteUri,
                ["services:physician:grpc:0"] = intake.Partners.Address.AbsoluteUri,
            },
            broker: deaf);
        var patient = new Journey(intake, alone.Http(TestTokens.Patient(Guid.CreateVersion7())));

        var id = await patient.Open();
        await deaf.Listen();

        (await deaf.Next<CaseOpened>(e => e.CaseId == id)).CaseId.ShouldBe(id);
    }

    [Fact]
    public async Task A_save_that_would_undo_another_is_refused()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var body = new { questionnaire = "endometriosis_gynaecology", version = 2, answers = new { height = 167 } };

        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/answers", body, null))).ShouldBe((428, "REQ-0013", null));
        var saved = await patient.Put($"/api/v1/cases/{id}/answers", body, "\"v1\"");
        saved.Headers.ETag!.Tag.ShouldBe("\"v2\"");
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/answers", body, "\"v1\""))).ShouldBe((412, "REQ-0014", null));
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/questions", new { questions = (string[])["Pourquoi ?"] }, "\"v9\"")))
            .ShouldBe((412, "REQ-0014", null));
    }

    [Fact]
    public async Task Answers_are_saved_in_parts_and_read_back_to_go_on()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var answers =
            JsonNode.Parse(
                """{ "questionnaire": "endometriosis_gynaecology", "version": 2, "answers": { "has_allergies": true, "gyn_main_problem": "pain" } }""")!;
        (await patient.Put($"/api/v1/cases/{id}/answers", answers, "\"v1\"")).EnsureSuccessStatusCode();

        var back = await patient.Get($"/api/v1/cases/{id}/answers");

        back.GetProperty("answers").GetProperty("gyn_main_problem").GetString().ShouldBe("pain");
        back.GetProperty("version").GetInt32().ShouldBe(2);
        var missing = back.GetProperty("missing").EnumerateArray().Select(m => m.GetString()).ToList();
        missing.ShouldContain("allergies", "asked because of the answer before");
        missing.ShouldNotContain("current_treatments", "not asked yet");
    }

    public static TheoryData<string, string, string> BadAnswers => new()
    {
        { "height", "\"grande\"", "#/answers/height not_a_number" },
        { "height", "9000", "#/answers/height too_large" },
        { "pelvic_pain_level", "7.5", "#/answers/pelvic_pain_level not_an_integer" },
        { "gyn_main_problem", "\"toothache\"", "#/answers/gyn_main_problem unknown_option" },
        { "pelvic_pain_moments", "[\"periods\",\"periods\"]", "#/answers/pelvic_pain_moments doubled_option" },
        { "has_allergies", "\"oui\"", "#/answers/has_allergies not_a_boolean" },
        { "decision_date", "\"2027-02-30\"", "#/answers/decision_date not_a_date" },
        { "favourite_colour", "\"bleu\"", "#/answers/favourite_colour unknown_question" },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task A_wrong_answer_is_told_by_its_question(string question, string value, string expected)
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var body =
            new JsonObject
            {
                ["questionnaire"] = "endometriosis_gynaecology",
                ["version"] = 2,
                ["answers"] = new JsonObject { [question] = JsonNode.Parse(value) },
            };

        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/answers", body, "\"v1\""))).ShouldBe((400, "REQ-0002", expected));
    }

    [Fact]
    public async Task Answers_to_another_questionnaire_or_version_are_refused()
    {
        var patient = intake.Patient();
        var id = await patient.Open();

        foreach (var (questionnaire, version) in new[] { ("spine", 2), ("endometriosis_gynaecology", 1) })
        {
            (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/answers", new { questionnaire, version, answers = new { } }, "\"v1\""))).Code
                .ShouldBe("INT-0009");
        }
    }

    [Fact]
    public async Task Questions_are_one_to_five()
    {
        var patient = intake.Patient();
        var id = await patient.Open();

        foreach (var questions in (string[][])[[], ["1", "2", "3", "4", "5", "6"], [" "]])
        {
            (await patient.Put($"/api/v1/cases/{id}/questions", new { questions }, "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task Consents_keep_their_history_and_tell_their_changes_once()
    {
        var patient = intake.Patient();
        var id = await patient.Open();

        await patient.Consent(id, "sharing_with_treating_physician");
        await patient.Consent(id, "sharing_with_treating_physician");
        await patient.Consent(id, "sharing_with_treating_physician", granted: false);

        await Eventually.True(() => intake.Service.Broker.Heard<ConsentChanged>().Count(e => e.CaseId == id) == 2, "both changes are told");
        intake.Service.Broker.Heard<ConsentChanged>().Where(e => e.CaseId == id).Select(e => e.Granted).ShouldBe([true, false]);
        (await intake.Sql<long>("select count(*) from consent where case_id = @id and text_version = 2 and length(text_sha256) = 64", new { id })).ShouldBe(2);
        (await Journey.Problem(await patient.Consent(id, "selling"))).ShouldBe((400, "REQ-0002", "#/purpose unknown_code"));
    }

    [Fact]
    public async Task Taking_back_the_consent_to_processing_withdraws_a_case_under_way()
    {
        var patient = intake.Patient();
        var id = await patient.Complete();

        (await patient.Consent(id, granted: false)).EnsureSuccessStatusCode();

        (await intake.State(id)).ShouldBe("withdrawn");
        (await intake.Service.Broker.Next<CaseWithdrawn>(e => e.CaseId == id)).CaseId.ShouldBe(id);
    }
}
