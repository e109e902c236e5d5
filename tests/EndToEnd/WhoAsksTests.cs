using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>Each of the four who may ask, from the first screen to the complete file, through the real gateway with the real billing behind it.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class WhoAsksTests(SharedSystem system)
{
    private static readonly Rpps TreatingPhysician = Rpps.WithKey("9900000707");

    [Fact]
    public async Task A_patient_goes_from_the_emergency_screen_to_a_complete_file_and_may_stop_on_the_way()
    {
        // Before any account: the screen, the search with a typing error, the questionnaire.
        var anybody = system.Http();
        var danger = await Sent(anybody, HttpMethod.Post, "/api/v1/orientation/emergency-screen", Screen("chest_pain"));
        ((bool)danger["mayContinue"]!).ShouldBeFalse();
        ((string)danger["door"]!["call"]![0]!).ShouldBe("15");
        ((bool)(await Sent(anybody, HttpMethod.Post, "/api/v1/orientation/emergency-screen", Screen()))["mayContinue"]!).ShouldBeTrue();
        var typed = new JsonObject { ["q"] = "endometrioz", ["limit"] = 5 };
        var hits = (await Sent(anybody, HttpMethod.Post, "/api/v1/pathologies/search", typed))["items"]!.AsArray();
        var pathology = (string)hits[0]!["code"]!;
        pathology.ShouldBe("endometriose");
        var read = await Sent(anybody, HttpMethod.Post, "/api/v1/pathologies/read", new JsonObject { ["code"] = pathology });
        var questionnaire = (string)read["questionnaire"]!;
        (await Sent(anybody, HttpMethod.Post, "/api/v1/questionnaires/read", new JsonObject { ["code"] = questionnaire }))["questions"]!.AsArray().Count
            .ShouldBePositive();

        // With an account: half of the answers, then another day with another session, where the first half is still there.
        var account = Guid.CreateVersion7().ToString();
        var first = system.Http(system.Token(Roles.Patient, account));
        var path = await Open(first, body => body["pathologyCode"] = pathology);
        var all = Journey.Sample("answers.json")["answers"]!.AsObject();
        var half = new JsonObject(all.Take(all.Count / 2).Select(a => KeyValuePair.Create(a.Key, a.Value?.DeepClone())));
        var etag = await ETag(first, $"{path}/answers");
        await Sent(first, HttpMethod.Put, $"{path}/answers", Sheet(half), etag);
        var later = system.Http(system.Token(Roles.Patient, account));
        using (var resumed = await later.GetAsync($"{path}/answers"))
        {
            JsonNode.DeepEquals((await resumed.Read())["answers"], half).ShouldBeTrue();
            var current = resumed.Headers.ETag!.Tag;
            await Sent(later, HttpMethod.Put, $"{path}/answers", Sheet(all), current);
            // The first session still holds the old version: it may not undo the second one.
            using var lost = await first.Send(HttpMethod.Put, $"{path}/answers", Answers.Json(Sheet(half)), etag: current);
            await lost.ShouldBeProblem(412, "REQ-0014");
            using var careless = await first.Send(HttpMethod.Put, $"{path}/answers", Answers.Json(Sheet(half)));
            await careless.ShouldBeProblem(428, "REQ-0013");
        }

        await Sent(later, HttpMethod.Put, $"{path}/social-facts",
            new JsonObject { ["communeCode"] = "18279", ["pcsGroup"] = "5", ["heardFrom"] = "physician" }, "\"v0\"");
        await AddQuestionsAndReport(later, path);
        using var early = await later.Post($"{path}/submit");
        await early.ShouldBeProblem(409, "INT-0002");
        await Consent(later, path);

        ((string)(await Sent(later, HttpMethod.Post, $"{path}/submit"))["state"]!).ShouldBe("complete");
        var file = await Read(later, path);
        ((string)file["requestedBy"]!).ShouldBe("patient");
        ((string)file["coverage"]!["status"]!).ShouldBe("reserved");
        file["dueAt"].ShouldNotBeNull();
        ((string)(await Read(later, $"{path}/answers/fhir"))["resourceType"]!).ShouldBe("QuestionnaireResponse");
        // What was told for the equity indicators reaches reporting, and nothing else of it does.
        var ops = system.Http(system.Token(Roles.Ops, "test-ops"));
        var events = $"/api/v1/reports/cases/{(string)file["caseId"]!}/events";
        await Eventually.True(
            async () => (await Read(ops, events))["events"]!.AsArray().Any(e => ((string)e!["name"]!).Contains("social", StringComparison.OrdinalIgnoreCase)),
            "the social codes have reached reporting");
    }

    [Fact]
    public async Task A_guardian_asks_for_a_protected_adult_and_proves_it()
    {
        var guardian = system.Http(system.Token(Roles.Patient));
        var path = await Open(guardian, body => body["relative"] = new JsonObject
        {
            ["authority"] = "guardian",
            ["name"] = "Paul MODÈLE",
            ["representsPerson"] = true
        });
        await FillIn(guardian, path);

        var unproved = await Sent(guardian, HttpMethod.Post, $"{path}/submit");
        await Upload(guardian, path, "authority_proof", "biologie.pdf");
        var proved = await Sent(guardian, HttpMethod.Post, $"{path}/submit");
        var id = path[(path.LastIndexOf('/') + 1)..];
        await Sent(system.Http(system.Token(Roles.Agent, "phone-agent")), HttpMethod.Post, $"/api/v1/cases/authority-proofs/{id}/review",
            new JsonObject { ["accepted"] = true });

        ((string)unproved["state"]!).ShouldBe("incomplete");
        unproved["missing"]!.AsArray().Select(m => (string)m!["code"]!).ShouldBe(["authority_proof"]);
        ((string)proved["state"]!).ShouldBe("submitted");
        await Eventually.True(async () => (string)(await Read(guardian, path))["state"]! == "complete", "the reviewed file goes on by itself");
        ((string)(await Read(guardian, path))["requestedBy"]!).ShouldBe("relative");
    }

    [Fact]
    public async Task A_treating_physician_asks_for_the_patient_who_agrees_in_person_and_gives_the_consents_alone()
    {
        var account = Guid.CreateVersion7().ToString();
        var physician = system.Http(system.PhysicianToken(TreatingPhysician));
        var patient = system.Http(system.Token(Roles.Patient, account));
        var path = await Open(physician, body =>
        {
            body["patientId"] = account;
            body["patientConsentObtained"] = true;
        });
        var answers = Journey.Sample("answers.json")["answers"]!.AsObject();
        await Sent(physician, HttpMethod.Put, $"{path}/answers", Sheet(answers), await ETag(physician, $"{path}/answers"));
        await AddQuestionsAndReport(physician, path);
        await Consent(patient, path);

        // Nothing is held with the insurer before the patient's own word.
        var unconfirmed = await Sent(physician, HttpMethod.Post, $"{path}/submit");
        unconfirmed["missing"]!.AsArray().Select(m => (string)m!["code"]!).ShouldBe(["confirmation"]);
        await Sent(patient, HttpMethod.Post, $"{path}/confirmation", new JsonObject { ["readBack"] = true });
        var submitted = await Sent(physician, HttpMethod.Post, $"{path}/submit");
        var seen = await Read(patient, path);
        using var stranger = await system.Http(system.PhysicianToken(Rpps.WithKey("9900000808"))).GetAsync(path);

        ((string)submitted["state"]!).ShouldBe("complete");
        ((string)seen["requestedBy"]!).ShouldBe("physician");
        ((string)seen["legalRegime"]!).ShouldBe("teleexpertise");
        // The patient sees what was declared in their name, and may take it back.
        seen["consents"]!.AsArray().Any(c => (string)c!["purpose"]! == "teleexpertise" && (bool)c["granted"]!).ShouldBeTrue();
        await stranger.ShouldBeProblem(404, "REQ-0005");
    }

    [Fact]
    public async Task A_phone_agent_fills_in_and_the_patient_confirms_what_was_read_back()
    {
        var account = Guid.CreateVersion7().ToString();
        var agent = system.Http(system.Token(Roles.Agent, "phone-agent"));
        var patient = system.Http(system.Token(Roles.Patient, account));
        var path = await Open(agent, body => body["patientId"] = account);
        await FillIn(agent, path);

        var unconfirmed = await Sent(agent, HttpMethod.Post, $"{path}/submit");
        ((string)unconfirmed["state"]!).ShouldBe("incomplete");
        unconfirmed["missing"]!.AsArray().Select(m => (string)m!["code"]!).ShouldBe(["confirmation"]);
        // What is confirmed is what the patient can read.
        (await Read(patient, $"{path}/questions"))["questions"]!.AsArray().Count.ShouldBePositive();
        using var notRead = await patient.Post($"{path}/confirmation", Answers.Json(new JsonObject { ["readBack"] = false }));
        await notRead.ShouldBeProblem(400, "REQ-0002");
        ((string)(await Sent(patient, HttpMethod.Post, $"{path}/confirmation", new JsonObject { ["readBack"] = true }))["channel"]!).ShouldBe("online");

        ((string)(await Sent(agent, HttpMethod.Post, $"{path}/submit"))["state"]!).ShouldBe("complete");
        var file = await Read(patient, path);
        ((string)file["requestedBy"]!).ShouldBe("agent");
        ((string)file["legalRegime"]!).ShouldBe("teleconseil_personnalise");
        using var colleague = await system.Http(system.Token(Roles.Agent, "another-agent")).GetAsync(path);
        await colleague.ShouldBeProblem(404, "REQ-0005");
    }

    private static JsonObject Screen(params string[] signs) => new()
    {
        ["signs"] = new JsonArray([.. signs.Select(s => JsonValue.Create(s))]),
        ["suicidalThoughts"] = false,
        ["hospitalised"] = false,
        ["diagnosisKnown"] = true,
        ["urgent"] = false,
    };

    private static JsonObject Sheet(JsonObject answers)
    {
        var sheet = Journey.Sample("answers.json").AsObject();
        sheet["answers"] = answers.DeepClone();
        return sheet;
    }

    /// <returns>The path of the case.</returns>
    private static async Task<string> Open(HttpClient http, Action<JsonObject> change)
    {
        var body = Journey.OpenBody();
        change(body);
        return $"/api/v1/cases/{(string)(await Sent(http, HttpMethod.Post, "/api/v1/cases", body))["caseId"]!}";
    }

    private static async Task FillIn(HttpClient http, string path)
    {
        var answers = Journey.Sample("answers.json")["answers"]!.AsObject();
        await Sent(http, HttpMethod.Put, $"{path}/answers", Sheet(answers), await ETag(http, $"{path}/answers"));
        await AddQuestionsAndReport(http, path);
        await Consent(http, path);
    }

    private static async Task AddQuestionsAndReport(HttpClient http, string path)
    {
        await Sent(http, HttpMethod.Put, $"{path}/questions", Journey.Sample("questions.json"), await ETag(http, $"{path}/questions"));
        await Upload(http, path, "consultation_report", "compte-rendu.pdf");
    }

    private static Task Consent(HttpClient http, string path) =>
        Sent(http, HttpMethod.Post, $"{path}/consents", new JsonObject { ["purpose"] = "processing", ["granted"] = true });

    private static async Task Upload(HttpClient http, string path, string type, string file)
    {
        using var answer = await http.Post(
            $"{path}/documents", Answers.Document(await File.ReadAllBytesAsync(Path.Combine(Journey.SampleFolder, file)), type, file));
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonNode> Read(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    private static async Task<string> ETag(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        return answer.Headers.ETag!.Tag;
    }

    private static async Task<JsonNode> Sent(HttpClient http, HttpMethod method, string path, JsonNode? body = null, string? etag = null)
    {
        using var answer = await http.Send(method, path, Answers.Json(body ?? new JsonObject()), etag: etag);
        answer.IsSuccessStatusCode.ShouldBeTrue($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Read();
    }
}
