using System.Text.RegularExpressions;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>What an access log in front of the gateway holds of a whole case (method, path, query, status) tells nobody who is ill, with what, or who treats
/// whom.</summary>
[Collection(OnSharedSystem.Name)]
public sealed partial class AccessLogTests(SharedSystem system)
{
    [Fact]
    public async Task The_log_of_a_whole_case_is_harmless()
    {
        using var journey = await Journey.Assigned(system);
        var http = journey.Reader;
        await http.Get($"/api/v1/worklist/cases/{journey.CaseId}/dossier", journey.Physician);
        await http.Get($"/api/v1/worklist/cases/{journey.CaseId}/documents/{journey.DocumentIds[0]}", journey.Physician);
        await http.Get($"/api/v1/cases/{journey.CaseId}/documents/{journey.DocumentIds[0]}", journey.Patient);
        await http.Post($"/api/v1/cases/{journey.CaseId}/withdraw", journey.Patient);
        var log = journey.AccessLog;

        log.Count.ShouldBeGreaterThan(15);
        // The list of référents is operations' own; whom they look for says nothing about a case.
        var lines = log.Where(l => !l.StartsWith("GET /api/v1/physicians?", StringComparison.Ordinal)).ToList();
        lines.ShouldAllBe(l => Harmless().IsMatch(l), "words of the API, ids and states; nothing that anybody typed and no code of the catalogue");
        var sample = Journey.Sample("case.json");
        string[] secrets =
        [
            (string)sample["pathology"]!, (string)sample["patient"]!["birthName"]!, (string)sample["coverage"]!["memberNumber"]!, journey.PhysicianRpps.Value,
            .. sample["documents"]!.AsArray().SelectMany(d => new[] { (string)d!["file"]!, (string)d["kind"]! }),
        ];
        foreach (var secret in secrets)
        {
            lines.ShouldAllBe(l => !l.Contains(secret, StringComparison.OrdinalIgnoreCase), secret);
        }
    }

    /// <summary>A path of the API's own words and UUIDs; a query of a page, a state or a version.</summary>
    [GeneratedRegex(
        @"\A(GET|POST|PUT|DELETE) /api/v1(/(cases|answers|questions|consents|documents|submit|withdraw|worklist|offers|accept|dossier|matching|"
        + @"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}))+(\?(limit=\d+|state=[a-z_]+|&)+)? \d{3}\z")]
    private static partial Regex Harmless();
}
