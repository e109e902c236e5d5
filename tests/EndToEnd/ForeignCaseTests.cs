using System.Net;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>A case that is not yours answers exactly like one that does not exist.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class ForeignCaseTests(SharedSystem system)
{
    [Fact]
    public async Task To_a_physician_who_is_not_assigned_the_file_does_not_exist()
    {
        using var journey = await Journey.Assigned(system);
        (await system.Http(journey.Physician).GetAsync($"/api/v1/worklist/cases/{journey.CaseId}/dossier")).StatusCode.ShouldBe(HttpStatusCode.OK);
        string[] others = [system.PhysicianToken(await AnotherPhysician(journey)), system.PhysicianToken(Rpps.WithKey("9999999990"))];
        foreach (var token in others)
        {
            var http = system.Http(token);
            await SameAsAbsent(http, HttpMethod.Get, journey.CaseId, "/dossier", null);
            foreach (var documentId in journey.DocumentIds)
            {
                await SameAsAbsent(http, HttpMethod.Get, journey.CaseId, $"/documents/{documentId}", null);
            }

            await SameAsAbsent(http, HttpMethod.Get, journey.CaseId, "/opinion", null);
            await SameAsAbsent(http, HttpMethod.Get, journey.CaseId, "/opinion.pdf", null);
            await SameAsAbsent(http, HttpMethod.Put, journey.CaseId, "/opinion", new JsonObject { ["reasoning"] = new JsonArray("Un avis étranger.") });
            await SameAsAbsent(http, HttpMethod.Post, journey.CaseId, "/opinion/sign", new JsonObject());
            await SameAsAbsent(http, HttpMethod.Post, journey.CaseId, "/information-requests", new JsonObject { ["text"] = "Une question étrangère." });
        }
    }

    [Fact]
    public async Task To_another_patient_the_case_does_not_exist()
    {
        using var journey = await Journey.Assigned(system);
        var http = system.Http(system.Token(Roles.Patient));
        string[] below = ["", "/answers", "/questions", "/opinion", "/opinion.pdf", $"/documents/{journey.DocumentIds[0]}"];
        foreach (var path in below)
        {
            await SameAsAbsent(http, HttpMethod.Get, journey.CaseId, path, null, "/api/v1/cases/");
        }

        await SameAsAbsent(http, HttpMethod.Post, journey.CaseId, "/submit", new JsonObject(), "/api/v1/cases/");
    }

    private static async Task SameAsAbsent(
        HttpClient http, HttpMethod method, string caseId, string below, JsonNode? body, string prefix = "/api/v1/worklist/cases/")
    {
        using var existing = await http.Send(method, $"{prefix}{caseId}{below}", body is null ? null : Answers.Json(body), etag: "*");
        using var absent = await http.Send(method, $"{prefix}{Guid.CreateVersion7()}{below}", body is null ? null : Answers.Json(body), etag: "*");
        var seen = await existing.ShouldBeProblem(404, "REQ-0005");
        var wanted = await absent.ShouldBeProblem(404, "REQ-0005");
        seen.AsObject().Remove("traceId");
        wanted.AsObject().Remove("traceId");
        seen.ToJsonString().ShouldBe(wanted.ToJsonString(), $"{method} {below}");
        Headers(existing).ShouldBe(Headers(absent), $"{method} {below}");
    }

    /// <summary>Names only: dates, trace ids and what is left of the quota differ from one answer to the next.</summary>
    private static IEnumerable<string> Headers(HttpResponseMessage answer) => answer.Headers.Concat(answer.Content.Headers).Select(h => h.Key).Order();

    private async Task<Rpps> AnotherPhysician(Journey journey)
    {
        using var answer = await system.Http(journey.Ops).GetAsync("/api/v1/physicians?limit=100");
        return (await answer.Read())["items"]!.AsArray().Select(p => Rpps.Parse((string)p!["rpps"]!)).First(r => r != journey.PhysicianRpps);
    }
}
