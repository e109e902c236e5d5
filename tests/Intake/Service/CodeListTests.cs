using System.Text.Json;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>What a client chooses from is told, and what is told is what the rules take.</summary>
public sealed class CodeListTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Fact]
    public async Task Every_closed_list_is_told_to_anybody_with_a_french_text_for_each_code()
    {
        var anybody = intake.Service.Http();
        var lists = JsonElement.Parse(await anybody.GetStringAsync("/api/v1/codes")).GetProperty("lists").EnumerateArray()
            .ToDictionary(l => l.GetProperty("name").GetString()!, l => l.GetProperty("codes").EnumerateArray().ToList());

        lists.Keys.ShouldBe(["case-moves", "case-states", "consent-purposes", "disability", "document-types", "emergency-signs", "heard-from", "pcs-groups",
            "relative-authorities", "sexes"]);
        foreach (var (name, codes) in lists)
        {
            codes.ShouldNotBeEmpty(name);
            codes.Select(c => c.GetProperty("code").GetString()).ShouldBeUnique();
            codes.ShouldAllBe(c => c.GetProperty("text").GetString()!.Length > 1);
            var one = JsonElement.Parse(await anybody.GetStringAsync($"/api/v1/codes/{name}"));
            one.GetProperty("codes").GetArrayLength().ShouldBe(codes.Count);
        }

        (await Journey.Problem(await anybody.GetAsync("/api/v1/codes/none"))).ShouldBe((404, "REQ-0005", null));
    }

    /// <summary>A move that nobody can ask for only makes a client's author look for its route.</summary>
    [Fact]
    public void What_can_be_asked_for_has_an_operation_and_is_what_the_drawing_allows()
    {
        foreach (var state in Enum.GetValues<CaseState>())
        {
            var open = CaseWords.Open(state);
            open.ShouldBeSubsetOf(CaseLife.AllowedFrom(state));
            open.ShouldBeSubsetOf(CaseWords.Routes.Keys);
            CaseWords.Open(state, Roles.Partner).ShouldBeEmpty();
            CaseWords.French(state).ShouldNotContain("_");
        }

        CaseWords.Open(CaseState.Delivered, Roles.Agent).ShouldBeEmpty("only the patient closes");
        var operations = File.ReadAllText(Path.Combine(Sources.Root, "docs", "openapi.json"));
        CaseWords.Routes.Values.ShouldAllBe(r => operations.Contains($"\"operationId\": \"{r.Operation}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_case_tells_each_caller_what_they_can_ask_for_and_a_refusal_says_it_in_french()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        Moves(await patient.Case(id)).ShouldBe([CaseMove.Submit.Word(), CaseMove.Withdraw.Word()]);
        (await patient.Post($"/api/v1/cases/{id}/withdraw")).EnsureSuccessStatusCode();
        Moves(await patient.Case(id)).ShouldBeEmpty();

        var refused = await Journey.Json(await patient.Submit(id));
        refused.GetProperty("detail").GetString().ShouldBe("Le dossier est retiré. Il ne change plus.");
        refused.GetProperty("allowed").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Social_facts_are_read_back_with_the_tag_of_the_next_change()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var path = $"/api/v1/cases/{id}/social-facts";
        using var before = await patient.Http.GetAsync(path);
        before.Headers.ETag!.Tag.ShouldBe("\"v0\"");
        (await Journey.Json(before)).GetProperty("pcsGroup").ValueKind.ShouldBe(JsonValueKind.Null);

        (await patient.Put(path, new { pcsGroup = "5", heardFrom = "relative" }, "\"v0\"")).EnsureSuccessStatusCode();

        using var after = await patient.Http.GetAsync(path);
        after.Headers.ETag!.Tag.ShouldBe("\"v1\"");
        var facts = await Journey.Json(after);
        (facts.GetProperty("pcsGroup").GetString(), facts.GetProperty("missionCategory").GetString(), facts.GetProperty("heardFrom").GetString())
            .ShouldBe(("5", "employee", "relative"));
        (await Journey.Problem(await intake.Patient().Http.GetAsync(path))).ShouldBe((404, "REQ-0005", null), "another's");
    }

    [Fact]
    public async Task A_file_s_name_comes_in_a_header_that_every_client_can_send()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        using var upload = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{id}/documents")
        {
            Content = new ByteArrayContent(await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"))),
        };
        upload.Content.Headers.ContentType = new("application/pdf");
        upload.Headers.Add("Document-Type", "blood_tests");
        upload.Headers.Add("Document-Name", "r%C3%A9sultats%20d'%C3%A9t%C3%A9%2Bhiver.pdf");
        upload.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await patient.Http.SendAsync(upload);
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(201, text);
        JsonElement.Parse(text).GetProperty("fileName").GetString().ShouldBe("résultats d'été+hiver.pdf");
    }

    private static IEnumerable<string?> Moves(JsonElement file) => file.GetProperty("allowedMoves").EnumerateArray().Select(m => m.GetString());
}
