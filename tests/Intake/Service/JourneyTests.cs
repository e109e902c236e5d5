using System.Text.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Who asks: a relative, a phone agent, a treating physician; and what each must show. The social facts on the way.</summary>
public sealed class JourneyTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    private static readonly Rpps TreatingPhysician = Rpps.WithKey("9900000303");
    private static readonly Rpps Coordinator = Rpps.WithKey("9900000313");

    [Fact]
    public async Task An_agent_fills_in_on_the_phone_and_nothing_is_reserved_before_the_patients_own_word()
    {
        var patientId = Guid.CreateVersion7();
        var (agent, patient) = (intake.Agent(), intake.Patient(patientId));
        var id = await agent.Open(Journey.Opening(r => r["patientId"] = patientId));
        await agent.Fill(id);

        var unconfirmed = await Journey.Json(await agent.Submit(id));
        // Not by the agent, whatever was read aloud.
        (await agent.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        (await patient.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).EnsureSuccessStatusCode();
        // Any change after the reading asks for a new one.
        (await agent.Put($"/api/v1/cases/{id}/questions", new { questions = (string[])["Et le sport ?"] }, "\"v2\"")).EnsureSuccessStatusCode();
        var changed = await Journey.Json(await agent.Submit(id));
        intake.Partners.Billing.Reservations.ShouldNotContainKey(id.ToString());
        (await patient.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).EnsureSuccessStatusCode();
        var confirmed = await Journey.Json(await agent.Submit(id));

        unconfirmed.GetProperty("missing").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe("confirmation");
        changed.GetProperty("missing").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe("confirmation");
        confirmed.GetProperty("state").GetString().ShouldBe("complete");
        var reserved = intake.Partners.Billing.Reservations[id.ToString()].Person;
        (reserved.SubjectRole, reserved.Subject, reserved.Account).ShouldBe(("agent", "agent-of-tests", patientId.ToString()));
        var view = await patient.Case(id);
        view.GetProperty("requestedBy").GetString().ShouldBe("agent");
        view.GetProperty("legalRegime").GetString().ShouldBe("teleconseil_personnalise");
        (await intake.Sql<string>("select channel from consent where case_id = @id", new { id })).ShouldBe("phone");
        (await Journey.Problem(await new Journey(intake, intake.Service.Http(TestTokens.Create("agent",
            "another-agent"))).Http.GetAsync($"/api/v1/cases/{id}"))).Status.ShouldBe(404);
        // What the agent changed is on record, each time.
        (await intake.Sql<string>(
            "select string_agg(object_type, ',' order by id) from audit_record where actor_role = 'agent' and action = 'write' and object_id = @id",
                new { id = id.ToString() }))
            .ShouldBe("answers,questions,questions");
    }

    [Fact]
    public async Task An_agent_must_say_for_whom() =>
        (await Journey.Problem(await intake.Agent().TryOpen())).ShouldBe((400, "REQ-0002", "#/patientId missing"));

    [Fact]
    public async Task A_physician_with_the_patients_consent_opens_a_teleexpertise_and_reads_its_answer_as_long_as_the_patient_agrees()
    {
        var patientId = Guid.CreateVersion7();
        var (physician, patient) = (intake.Physician(TreatingPhysician), intake.Patient(patientId));

        var id = await physician.Open(Journey.Opening(r =>
        {
            r["patientId"] = patientId;
            r["patientConsentObtained"] = true;
            r["coordinatingPhysician"] = new JsonObject { ["rpps"] = Coordinator.Value };
        }));
        await physician.Fill(id, consent: false);
        // Health data are read by another physician on the patient's own word alone.
        (await Journey.Problem(await physician.Consent(id))).ShouldBe((400, "REQ-0002", "#/purpose patients_own_word"));
        (await patient.Consent(id)).EnsureSuccessStatusCode();
        var unconfirmed = await Journey.Json(await physician.Submit(id));
        (await patient.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).EnsureSuccessStatusCode();
        var submitted = await Journey.Json(await physician.Submit(id));

        unconfirmed.GetProperty("missing").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe("confirmation");
        submitted.GetProperty("state").GetString().ShouldBe("complete");
        (await physician.Case(id)).GetProperty("legalRegime").GetString().ShouldBe("teleexpertise");
        (await intake.Sql<string>("select given_by || ' ' || channel from consent where case_id = @id and purpose = 'teleexpertise'", new { id }))
            .ShouldBe($"physician:{TreatingPhysician.PhysicianId} in_person");
        (await intake.Sql<string>("select f::text from case_file f where id = @id", new { id })).ShouldNotContain(TreatingPhysician.Value, Case.Sensitive,
            "who treats whom is sealed");
        // Who asks and who coordinates give no second opinion: matching is told, by pseudonym.
        var completed = await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == id);
        completed.InvolvedPhysicians.ShouldBe([TreatingPhysician.PhysicianId, Coordinator.PhysicianId], ignoreOrder: true);
        completed.PlaceOfCare.ShouldBe("given");

        await intake.Assign(id);
        intake.Partners.Physician.Signed[id.ToString()] = new byte[3000];
        (await physician.Get($"/api/v1/cases/{id}/opinion")).GetProperty("treatment").GetString().ShouldBe("changed");
        (await physician.Http.GetByteArrayAsync($"/api/v1/cases/{id}/opinion.pdf")).Length.ShouldBe(3000);
        (await intake.Sql<long>(
            "select count(*) from audit_record where object_id = @id and object_type = 'opinion' and actor_role = 'physician'", new { id = id.ToString() }))
            .ShouldBe(2);
        (await Journey.Problem(await intake.Physician(Rpps.WithKey("9900000404")).Http.GetAsync($"/api/v1/cases/{id}/opinion"))).Status.ShouldBe(404);
        (await Journey.Problem(await intake.Physician(IntakeFixture.Expert).Http.GetAsync($"/api/v1/cases/{id}/opinion"))).Status.ShouldBe(404);

        (await patient.Consent(id, "teleexpertise", granted: false)).EnsureSuccessStatusCode();
        (await Journey.Problem(await physician.Http.GetAsync($"/api/v1/cases/{id}/opinion"))).Status.ShouldBe(404);
        (await Journey.Problem(await physician.Http.GetAsync($"/api/v1/cases/{id}/opinion.pdf"))).Status.ShouldBe(404);
        (await patient.Get($"/api/v1/cases/{id}/opinion")).GetProperty("treatment").GetString().ShouldBe("changed");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(null)]
    public async Task Without_the_patients_agreement_there_is_no_request_of_a_physician(bool? agreed)
    {
        var before = intake.Partners.Billing.Checks.Count;

        var problem = await Journey.Problem(await intake.Physician(TreatingPhysician).TryOpen(Journey.Opening(r =>
        {
            r["patientId"] = Guid.CreateVersion7();
            r["patientConsentObtained"] = agreed;
        })));

        problem.ShouldBe((400, "REQ-0002", "#/patientConsentObtained must_be_true"));
        intake.Partners.Billing.Checks.Count.ShouldBe(before);
    }

    [Fact]
    public async Task Where_the_patient_is_treated_is_asked_before_the_file_is_complete_and_may_be_nowhere_or_unknown()
    {
        var patient = intake.Patient();
        var id = await patient.Open(Journey.Opening(r => r.Remove("treatingEstablishment")));
        await patient.Fill(id);

        var asked = await Journey.Json(await patient.Submit(id));
        var tag = (await patient.Http.GetAsync($"/api/v1/cases/{id}")).Headers.ETag!.Tag;
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/care", new { placeOfCare = "unknown" }, null))).Status.ShouldBe(428);
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/care", new { placeOfCare = "unknown", treatingEstablishment = "189999998" }, tag)))
            .ShouldBe((400, "REQ-0002", "#/placeOfCare contradiction"));
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/care", new { treatingPhysician = new { rpps = "99000010018" } }, tag)))
            .ShouldBe((400, "REQ-0002", "#/treatingPhysician/rpps invalid_key"));
        (await patient.Put($"/api/v1/cases/{id}/care", new { placeOfCare = "unknown", treatingPhysician = new { rpps = TreatingPhysician.Value } }, tag))
            .EnsureSuccessStatusCode();
        var submitted = await Journey.Json(await patient.Submit(id));

        asked.GetProperty("missing").EnumerateArray().Select(m => m.GetProperty("code").GetString()).ShouldBe(["place_of_care"]);
        submitted.GetProperty("state").GetString().ShouldBe("complete");
        var completed = await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == id);
        (completed.PlaceOfCare, completed.TreatingEstablishment).ShouldBe(("unknown", null));
        completed.InvolvedPhysicians.ShouldBe([TreatingPhysician.PhysicianId]);
        (await Journey.Problem(await patient.Put($"/api/v1/cases/{id}/care", new { placeOfCare = "none" }, tag))).Code.ShouldBe("INT-0001");
    }

    [Fact]
    public async Task The_regime_follows_the_patients_word_on_teleexpertise()
    {
        var patientId = Guid.CreateVersion7();
        var (physician, patient) = (intake.Physician(TreatingPhysician), intake.Patient(patientId));
        var id = await physician.Open(Journey.Opening(r =>
        {
            r["patientId"] = patientId;
            r["patientConsentObtained"] = true;
        }));

        (await patient.Consent(id, "teleexpertise", granted: false)).EnsureSuccessStatusCode();
        var without = (await patient.Case(id)).GetProperty("legalRegime").GetString();
        // Who lost the consent does not give it back to himself.
        (await Journey.Problem(await physician.Consent(id, "teleexpertise"))).Status.ShouldBe(404);
        (await patient.Consent(id, "teleexpertise")).EnsureSuccessStatusCode();
        var with = (await patient.Case(id)).GetProperty("legalRegime").GetString();

        (without, with).ShouldBe(("teleconseil_personnalise", "teleexpertise"));
        (await intake.Sql<string>("select string_agg(granted::text || ' ' || channel, ', ' order by position) from consent where case_id = @id", new { id }))
            .ShouldBe("true in_person, false online, true online");
        var own = intake.Patient();
        (await Journey.Problem(await own.Consent(await own.Open(), "teleexpertise"))).ShouldBe((400, "REQ-0002", "#/purpose not_for_this_case"));
    }

    [Fact]
    public async Task Somebody_who_writes_of_suicide_in_the_questionnaire_gets_the_number_at_once()
    {
        var patient = intake.Patient();
        var id = await patient.Open(Journey.Opening(r => r["pathologyCode"] = "depression"));
        object Sheet(bool thoughts) =>
            new { questionnaire = "psychiatry", version = 2, answers = new Dictionary<string, object> { ["suicidal_thoughts"] = thoughts } };

        var alarming = await patient.Put($"/api/v1/cases/{id}/answers", Sheet(true), "\"v1\"");
        var read = await patient.Get($"/api/v1/cases/{id}/answers");
        var calm = await Journey.Json(await patient.Put($"/api/v1/cases/{id}/answers", Sheet(false), alarming.Headers.ETag!.Tag));

        foreach (var alerts in new[] { (await Journey.Json(alarming)).GetProperty("alerts"), read.GetProperty("alerts") })
        {
            alerts[0].GetProperty("questionId").GetString().ShouldBe("suicidal_thoughts");
            alerts[0].GetProperty("door").GetProperty("call")[0].GetString().ShouldBe("3114");
        }

        calm.GetProperty("alerts").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task An_alarm_stops_the_case_and_shows_until_the_answer_is_changed()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id);
        var sheet = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(Journey.Sample("answers.json")))!;
        sheet["answers"]!["gyn_alarm"] = true;

        var saved = await patient.Put($"/api/v1/cases/{id}/answers", sheet, "\"v2\"");
        var stopped = await Journey.Json(await patient.Submit(id));
        var shown = await patient.Case(id);
        var listed = (await patient.Get("/api/v1/cases")).GetProperty("items")[0];

        stopped.GetProperty("state").GetString().ShouldBe("incomplete");
        stopped.GetProperty("missing")[0].GetProperty("code").GetString().ShouldBe("alarm");
        stopped.GetProperty("missing")[0].GetProperty("detail").GetString()!.ShouldContain("15");
        shown.GetProperty("alarm").GetProperty("call")[0].GetString().ShouldBe("15");
        listed.GetProperty("alarm").GetString().ShouldBe("emergency");

        sheet["answers"]!["gyn_alarm"] = false;
        (await patient.Put($"/api/v1/cases/{id}/answers", sheet, saved.Headers.ETag!.Tag)).EnsureSuccessStatusCode();
        (await Journey.Json(await patient.Submit(id))).GetProperty("state").GetString().ShouldBe("complete");
        (await patient.Case(id)).GetProperty("alarm").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Social_facts_are_optional_and_leave_as_codes_once_the_file_is_complete()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var path = $"/api/v1/cases/{id}/social-facts";

        (await Journey.Problem(await patient.Put(path, new { pcsGroup = "3" }, null))).Status.ShouldBe(428);
        var told = await patient.Put(path, new { communeCode = "2A004", pcsGroup = "3", disability = "no", heardFrom = "physician" }, "\"v0\"");
        (await Journey.Problem(await patient.Put(path, new { pcsGroup = "3" }, "\"v0\""))).Status.ShouldBe(412);
        (await Journey.Problem(await patient.Put(path, new { pcsGroup = "99" }, told.Headers.ETag!.Tag)))
            .ShouldBe((400, "REQ-0002", "#/pcsGroup unknown_code"));
        var facts = await Journey.Json(told);
        await patient.Fill(id);
        (await Journey.Json(await patient.Submit(id))).GetProperty("state").GetString().ShouldBe("complete");

        facts.GetProperty("departmentCode").GetString().ShouldBe("2A");
        facts.GetProperty("missionCategory").GetString().ShouldBe("csp_plus");
        var left = await intake.Service.Broker.Next<SocialFactsTold>(e => e.CaseId == id);
        left.ShouldBe(new SocialFactsTold
        {
            CaseId = id,
            DepartmentCode = "2A",
            PcsGroup = "3",
            MissionCategory = "csp_plus",
            MappingVersion = 1,
            Disability = "no",
            HeardFrom = "physician",
            TreatingPhysicianAware = "yes",
            Reason = "alternative_treatment",
            Timing = "before_operation",
            ToldAt = left.ToldAt,
        });
        // The commune itself is nowhere.
        (await intake.Sql<string>("select (select s::text from social_facts s where case_id = @id) || f::text from case_file f where id = @id", new { id }))
            .ShouldNotContain("2A004");
    }

    [Fact]
    public async Task Answers_keep_the_version_they_were_given_to_and_read_as_fhir()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id);

        var fhir = JsonElement.Parse(await (await patient.Http.GetAsync($"/api/v1/cases/{id}/answers/fhir")).Content.ReadAsStringAsync());

        fhir.GetProperty("resourceType").GetString().ShouldBe("QuestionnaireResponse");
        var asked = fhir.GetProperty("contained")[0];
        fhir.GetProperty("questionnaire").GetString().ShouldBe($"#{asked.GetProperty("id").GetString()}");
        asked.GetProperty("derivedFrom").EnumerateArray().Last().GetString()!.ShouldEndWith("endometriosis-gynaecology|2");
        fhir.GetProperty("item").EnumerateArray().Select(i => i.GetProperty("linkId").GetString()).ShouldBe(["general", "endometriosis_gynaecology"]);
        fhir.ToString().ShouldNotContain("EXEMPLE", Case.Sensitive);
        (await intake.Sql<string>(
            "select questionnaire_code || ' ' || questionnaire_version || ' ' || general_version from case_file where id = @id", new { id }))
            .ShouldBe("endometriosis_gynaecology 2 2");
        (await Journey.Problem(await intake.Patient().Http.GetAsync($"/api/v1/cases/{id}/answers/fhir"))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task After_a_rotation_old_cases_still_open_and_are_wrapped_under_the_new_key()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await intake.Service.Stop();
        await intake.Service.Start(new Dictionary<string, string?>
        {
            ["Encryption:CurrentKey"] = "v2",
            ["Encryption:Keys:v2"] = Convert.ToBase64String("another key of tests: 32 bytes!!"u8),
        });

        await Eventually.True(
            async () => await intake.Sql<string>("select key_version from case_key where case_id = @id", new { id }) == "v2", "the key is wrapped anew");
        // The addresses changed with the restart.
        var again =
            new Journey(intake, intake.Service.Http(TestTokens.Patient(await intake.Sql<Guid>("select patient_id from case_file where id = @id", new { id }))));
        (await again.Case(id)).GetProperty("patient").GetProperty("birthName").GetString().ShouldBe("EXEMPLE");
    }
}
