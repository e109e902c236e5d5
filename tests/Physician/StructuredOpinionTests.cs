using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Physician.Writing;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

/// <summary>What an opinion says beyond its text: options with their figures, urgency, other care, the simplified version, why it is corrected.</summary>
public sealed class StructuredOpinionTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task What_was_written_comes_back_and_stands_in_the_pdf()
    {
        var offer = await Saved();
        var draft = (await physician.As(physician.Alix).GetFromJsonAsync<JsonElement>($"/api/v1/worklist/cases/{offer.CaseId}/opinion")).GetProperty("draft");
        var sample = JsonSerializer.SerializeToElement(PhysicianService.SampleOpinion());
        foreach (var part in (string[])["options", "urgency", "alternativeCare", "seeInPerson", "wouldChangeMyMind", "laySummary", "understood"])
        {
            Same(draft.GetProperty(part), sample.GetProperty(part)).ShouldBeTrue(part);
        }

        (await Sign(offer)).StatusCode.ShouldBe(HttpStatusCode.Created);
        using var pdf = ReadPdf.Of(await physician.As(physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf"));
        var said = Flowing(pdf.Structure.Replace("\"", ""));
        foreach (var sentence in (string[])[
            "sur 100 personnes, 9 avec cette option, 1 sans, dans les trois mois.", "Niveau de preuve : présomption (grade B) (références 1, 2).",
            "Délai : dans les semaines qui viennent.", "Soins proposés à la place : une intervention moins lourde, des examens avant de décider, une",
            "Version simplifiée", "Ce qui me ferait changer d’avis", "À l’attention du médecin traitant", "Ce que j’ai compris de votre situation",
        ])
        {
            said.ShouldContain(sentence);
        }
    }

    [Theory]
    [InlineData("""{"options":[{"benefits":[{"text":"x","outOf":100,"with":101}]}]}""", "#/options/0/benefits/0")]
    [InlineData("""{"options":[{"risks":[{"text":"x","outOf":100,"with":3,"without":101}]}]}""", "#/options/0/risks/0")]
    [InlineData("""{"options":[{"risks":[{"text":"x","outOf":100}]}]}""", "#/options/0/risks/0")]
    [InlineData("""{"options":[{"risks":[{"text":"x","with":3}]}]}""", "#/options/0/risks/0")]
    [InlineData("""{"options":[{"risks":[{"text":"x","without":3}]}]}""", "#/options/0/risks/0")]
    [InlineData("""{"options":[{"risks":[{"text":"x","outOf":73,"with":3}]}]}""", "#/options/0/risks/0/outOf")]
    [InlineData("""{"options":[{"risks":[{"text":" "}]}]}""", "#/options/0/risks/0/text")]
    [InlineData("""{"options":[{"name":"a\u0007b"}]}""", "#/options/0/name")]
    [InlineData("""{"references":["x"],"options":[{"references":[2]}]}""", "#/options/0/references")]
    [InlineData("""{"options":[{"references":[0]}]}""", "#/options/0/references")]
    [InlineData("""{"alternativeCare":["less_invasive","less_invasive"]}""", "#/alternativeCare")]
    [InlineData("""{"laySummary":"a\u0007b"}""", "#/laySummary")]
    [InlineData("""{"seeInPerson":{"where":"a\u0007b"}}""", "#/seeInPerson/where")]
    [InlineData("""{"options":[{},{},{},{},{},{},{},{},{}]}""", "#/options")]
    [InlineData("""{"urgency":"soon"}""", "#/urgency")]
    public async Task What_cannot_be_is_not_even_a_draft(string draft, string pointer)
    {
        var offer = await physician.AssignedCase(physician.Alix);
        using var answer = await PhysicianService.Put(
            physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion", JsonNode.Parse(draft)!, "\"v0\"");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Pointers(answer)).ShouldBe([pointer]);
    }

    [Fact]
    public async Task An_option_with_one_side_a_treatment_that_is_confirmed_and_replaced_and_a_journey_without_a_time_are_not_signed()
    {
        var offer = await Saved(o =>
        {
            o["treatment"] = "confirmed";
            o["options"]![0]!.AsObject().Remove("risks");
            o["options"]![1]!.AsObject().Remove("evidence");
            o["options"]![1]!["name"] = " ";
            o["seeInPerson"]!.AsObject().Remove("urgency");
        });
        using var answer = await Sign(offer);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Pointers(answer)).ShouldBe(
            ["#/options/0", "#/options/1/name", "#/options/1/evidence", "#/alternativeCare", "#/seeInPerson"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_correction_needs_its_reason_and_a_first_version_none()
    {
        var offer = await Saved(o => o.Remove("correctionReason"));
        (await Sign(offer)).StatusCode.ShouldBe(HttpStatusCode.Created);
        await Save(offer, "\"v2\"", o => o.Remove("correctionReason"));
        using var refused = await Sign(offer);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Pointers(refused)).ShouldBe(["#/correctionReason"]);
        await Save(offer, "\"v3\"");
        (await Sign(offer)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task While_it_is_written_the_simplified_version_is_told_how_easy_it_is()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var saved = await Save(offer, "\"v0\"");
        saved.GetProperty("laySummary").GetProperty("score").GetInt32().ShouldBe(100);
        saved = await Save(offer, "\"v1\"", o => o["laySummary"] = "Vous avez le temps.\nLa pathologie nécessite une IRM (30 % des cas).");
        saved.GetProperty("laySummary").GetProperty("score").GetInt32().ShouldBe(50);
        saved.GetProperty("laySummary").GetProperty("faults").EnumerateArray()
            .Select(f => (f.GetProperty("line").GetInt32(), f.GetProperty("rule").GetString()))
            .ShouldBe([(2, "sign"), (2, "hard_word"), (2, "acronym")], ignoreOrder: true);
        saved = await Save(offer, "\"v2\"", o => o.Remove("laySummary"));
        saved.GetProperty("laySummary").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("Stomie.", 100, 12, 3, "en cinq ans", "Stomie : sur 100 personnes, 12 avec cette option, 3 sans, en cinq ans.")]
    [InlineData("Stomie", 1000, 0, null, null, "Stomie : sur 1000 personnes, 0 avec cette option.")]
    [InlineData("La douleur reste.", null, null, null, null, "La douleur reste.")]
    [InlineData("La douleur reste", null, null, null, "un an", "La douleur reste, un an")]
    public void An_effect_is_said_over_one_number_of_people(string text, int? outOf, int? with, int? without, string? horizon, string said) =>
        new CareEffect(text, outOf, with, without, horizon).Sentence().ShouldBe(said);

    private async Task<CaseOffered> Saved(Action<JsonObject>? change = null)
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, "\"v0\"", change);
        return offer;
    }

    private async Task<JsonElement> Save(CaseOffered offer, string etag, Action<JsonObject>? change = null)
    {
        using var answer = await PhysicianService.Put(
            physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion", PhysicianService.SampleOpinion(change), etag);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<HttpResponseMessage> Sign(CaseOffered offer) =>
        PhysicianService.Post(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign");

    private static async Task<IEnumerable<string?>> Pointers(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString());

    /// <summary>What was sent, with nothing but nulls beside it.</summary>
    private static bool Same(JsonElement read, JsonElement sent) => (read.ValueKind, sent.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => read.EnumerateObject().All(p =>
            sent.TryGetProperty(p.Name, out var value) ? Same(p.Value, value) : p.Value.ValueKind == JsonValueKind.Null),
        (JsonValueKind.Array, JsonValueKind.Array) => read.GetArrayLength() == sent.GetArrayLength()
            && read.EnumerateArray().Zip(sent.EnumerateArray()).All(p => Same(p.First, p.Second)),
        _ => read.GetRawText() == sent.GetRawText() || read.ToString() == sent.ToString(),
    };

    private static string Flowing(string text) => string.Join(' ', text.Split((char[])[' ', '\n', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));
}
