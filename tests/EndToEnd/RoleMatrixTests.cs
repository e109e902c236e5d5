using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>Every operation of the published description is tried with every kind of caller, with the ids of a real, assigned case.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class RoleMatrixTests(SharedSystem system)
{
    /// <summary>
    /// All that anybody may read or have computed: no person's data, and nothing is kept. An operation that is not named here is closed to the world.
    /// </summary>
    private static readonly string[] OpenToAll =
    [
        "GET /api/v1/codes", "GET /api/v1/codes/{list}", "POST /api/v1/pathologies/search", "POST /api/v1/pathologies/read",
        "GET /api/v1/questionnaires", "POST /api/v1/questionnaires/read", "POST /api/v1/questionnaires/read-fhir",
        "GET /api/v1/orientation/emergency-screen", "POST /api/v1/orientation/emergency-screen",
        "GET /api/v1/orientation/pages", "GET /api/v1/orientation/pages/{id}", "GET /api/v1/orientation/structures",
        "POST /api/v1/orientation/advice", "GET /api/v1/orientation/delays", "GET /api/v1/orientation/costs",
        "GET /api/v1/orientation/letters", "POST /api/v1/orientation/letters/{id}", "POST /api/v1/orientation/file-request-deadlines",
        "GET /api/v1/orientation/social-questions",
        // By a one-time link that knows nobody.
        "POST /api/v1/surveys/answers",
    ];

    /// <summary>Where an insurer may be; anything that is not below these is closed to it, whatever is added later.</summary>
    private static readonly string[] OpenToPartners =
    [
        "/api/v1/eligibility", "/api/v1/insurers", "/api/v1/rosters", "/api/v1/coverage", "/api/v1/invoices", "/api/v1/payments/receivables", "/api/v1/events",
        "/api/v1/webhooks",
    ];

    /// <summary>The same for every partner: of nobody in particular.</summary>
    private static readonly string[] OfNobody = ["GET /api/v1/insurers", "GET /api/v1/rosters/format", "GET /api/v1/rosters/format/{kind}"];

    private static readonly Guid Insurer = Guid.Parse("00000000-0000-7000-8000-000099000001");

    private sealed record Operation(HttpMethod Method, string Path, string? MediaType)
    {
        public override string ToString() => $"{Method} {Path}";
    }

    [Fact]
    public async Task Nobody_gets_where_the_role_does_not_lead_and_nobody_gets_a_500()
    {
        using var journey = await Journey.Assigned(system);
        var requestId = await AskForInformation(journey);
        var operations = await Operations();
        OpenToAll.Except(operations.Select(o => o.ToString())).ShouldBeEmpty("named as open, but there is no such operation");
        var wrong = new List<string>();
        // Those who change most come last: the case is to be there for the others.
        (string Who, string? Token)[] callers =
        [
            ("anonymous", null),
            ("partner", system.Token(Roles.Partner, "test-partner", ("insurer_id", Insurer.ToString()))),
            ("partner without an insurer", system.Token(Roles.Partner, "nobody's-partner")),
            ("service", system.ServiceToken("intake", "billing")),
            ("another patient", system.Token(Roles.Patient)),
            ("another physician", system.PhysicianToken(Rpps.WithKey("9999999990"))),
            ("council", system.Token(Roles.Council, "test-council")),
            ("ops", system.Token(Roles.Ops, "test-ops")),
            ("agent", system.Token(Roles.Agent, "test-agent")),
            ("physician", journey.Physician),
            ("patient", journey.Patient),
        ];
        foreach (var (who, token) in callers)
        {
            var http = system.Http(token);
            foreach (var operation in operations)
            {
                using var answer = await Try(http, operation, journey, requestId);
                if (!Fits(who, operation, answer.StatusCode))
                {
                    var text = await answer.Content.ReadAsStringAsync();
                    wrong.Add($"{who}: {operation} → {(int)answer.StatusCode} {text[..Math.Min(text.Length, 300)]}");
                }
                else if (who.StartsWith("partner", StringComparison.Ordinal) && answer.IsSuccessStatusCode)
                {
                    var text = await answer.Content.ReadAsStringAsync();
                    text.ShouldNotContain((string)Journey.Sample("case.json")["pathology"]!, customMessage: $"{operation} tells an insurer what somebody has");
                }
            }
        }

        wrong.ShouldBeEmpty();
    }

    private static bool Fits(string who, Operation operation, HttpStatusCode status)
    {
        var open = OpenToAll.Contains(operation.ToString());
        return (int)status < 500 && who switch
        {
            // What is open answers, or says what is wrong with the request or that there is nothing; it never asks who one is.
            "anonymous" => open
                ? status is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.NotFound
                : status == HttpStatusCode.Unauthorized,
            "partner" or "partner without an insurer" =>
                OpenToPartners.Any(p => operation.Path == p || operation.Path.StartsWith(p + "/", StringComparison.Ordinal))
                ? who == "partner" || (int)status >= 400 || OfNobody.Contains(operation.ToString())
                : status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound,
            // Its token is meant for the callee alone, and the gateway is none; where nobody is asked who he is, it is as good as none.
            "service" => status == HttpStatusCode.Unauthorized || open,
            "another patient" or "another physician" => !operation.Path.Contains("/cases/{", StringComparison.Ordinal) || (int)status >= 400,
            _ => true,
        };
    }

    private async Task<IReadOnlyList<Operation>> Operations()
    {
        string[] services =
            ["/cases", "/worklist", "/matching", "/physicians", "/eligibility", "/ledger", "/reports", "/pathologies", "/orientation", "/questionnaires"];
        var paths = new JsonObject();
        // A gateway that was just started again learns each service's description from that service.
        await Eventually.True(async () =>
        {
            paths = (await system.Http().GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!["paths"]!.AsObject();
            return services.All(prefix => paths.Any(path => path.Key.StartsWith("/api/v1" + prefix, StringComparison.Ordinal)));
        }, "every service's operations are in the description");
        return paths
            .SelectMany(path => path.Value!.AsObject()
                .Where(member => member.Key is "get" or "post" or "put" or "patch" or "delete")
                .Select(member => new Operation(
                    HttpMethod.Parse(member.Key), path.Key, member.Value!["requestBody"]?["content"]?.AsObject().Select(c => c.Key).FirstOrDefault())))
            .ToList();
    }

    private static async Task<HttpResponseMessage> Try(HttpClient http, Operation operation, Journey journey, string requestId)
    {
        var path = operation.Path
            .Replace("/codes/{list}", "/codes/document-types").Replace("/rosters/format/{kind}", "/rosters/format/whole")
            .Replace("{year}", "2026").Replace("{month}", "2026-01").Replace("{format}", "pdf")
            .Replace("{webhookId}", journey.DocumentIds[0])
            .Replace("{invoiceId}", journey.DocumentIds[0]).Replace("{runId}", journey.DocumentIds[0]).Replace("{entryId}", journey.DocumentIds[0])
            .Replace("/orientation/pages/{id}", "/orientation/pages/ald").Replace("/orientation/letters/{id}", "/orientation/letters/file-request")
            .Replace("{id}", journey.CaseId).Replace("{caseId}", journey.CaseId)
            .Replace("{documentId}", journey.DocumentIds[0]).Replace("{uploadId}", journey.DocumentIds[0])
            .Replace("{requestId}", requestId)
            .Replace("{offerId}", journey.OfferId)
            .Replace("{insurerId}", Insurer.ToString())
            .Replace("{physicianId}", Guid.CreateVersion7().ToString()).Replace("{version}", "1")
            .Replace("{importId}", Guid.CreateVersion7().ToString())
            .Replace("{code}", "CONFORT").Replace("{departmentClass}", "desert").Replace("{survey}", "recommendation")
            .Replace("{applicationId}", Guid.CreateVersion7().ToString()).Replace("{paymentId}", Guid.CreateVersion7().ToString())
            .Replace("{decisionId}", Guid.CreateVersion7().ToString());
        path.ShouldNotContain("{", customMessage: "a parameter that this test does not know");
        HttpContent? body = operation.MediaType switch
        {
            // The sample's insurer keeps its roster: a rollback to a version that never was.
            "application/json" when path.EndsWith("/rollback", StringComparison.Ordinal) => Answers.Json(new JsonObject { ["toVersion"] = 0 }),
            "application/json" => Answers.Json(new JsonObject()),
            not null => Answers.Document("%PDF-1.7"u8.ToArray(), "mri", "image.dcm", operation.MediaType),
            null when operation.Method == HttpMethod.Post => Answers.Json(new JsonObject()),
            null => null,
        };
        using var request = new HttpRequestMessage(operation.Method, path) { Content = body };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<string> AskForInformation(Journey journey)
    {
        using var asked = await system.Http(journey.Physician).Post(
            $"/api/v1/worklist/cases/{journey.CaseId}/information-requests", Answers.Json(new JsonObject { ["text"] = "Depuis quand ?" }));
        asked.StatusCode.ShouldBe(HttpStatusCode.Created, await asked.Content.ReadAsStringAsync());
        return (string)(await asked.Read())["requestId"]!;
    }
}
