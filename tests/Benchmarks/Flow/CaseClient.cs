using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SecondOpinion.AppHost;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Bench.Flow;

/// <param name="SubmitMs">The submit call, reservation by gRPC included.</param>
internal sealed record Run(string CaseId, string Token, double SubmitMs);

/// <summary>Plays patients: each case has a patient of its own, from opening to submission.</summary>
internal sealed class CaseClient(Uri gateway, LocalIdentity identity)
{
    public const int RequestsPerCase = 6;
    private const string Pathology = "endometriose";
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = gateway };
    private readonly string _sample = Path.Combine(FindRoot(), "samples", "endometriose");

    /// <summary>The sample référents would be full after a dozen cases: these take a thousand each.</summary>
    public async Task AdmitPhysicians()
    {
        var council = await Task.WhenAll(Enumerable.Range(1, 5).Select(n => Token(Roles.Council, $"bench-council-{n}")));
        for (var i = 0; i < 5; i++)
        {
            var opened = await Send(HttpMethod.Post, "/api/v1/physicians/applications", council[0], new
            {
                rpps = Rpps.WithKey($"99777000{i:00}").Value,
                displayName = $"Dr Exemple-Mesure {i}",
                specialtyCode = "SM20",
                pathologyCodes = new[] { Pathology },
                establishments = Array.Empty<string>(),
                capacity = 1000,
                evidence = "Mesure.",
            });
            var application = $"/api/v1/physicians/applications/{opened["applicationId"]}";
            foreach (var reviewer in council.Take(2))
            {
                await Send(HttpMethod.Put, $"{application}/review", reviewer, new { recommendation = "admit", reasons = "Mesure." });
            }

            foreach (var member in council)
            {
                await Send(HttpMethod.Put, $"{application}/vote", member, new { vote = "for" });
            }

            await Send(HttpMethod.Post, $"{application}/decision", council[0]);
        }
    }

    public async Task<IReadOnlyList<Run>> RunCases(int count, int concurrency)
    {
        var runs = new ConcurrentBag<Run>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = concurrency }, async (_, _) => runs.Add(await OpenAndSubmit()));
        return [.. runs];
    }

    /// <returns>Milliseconds from completion to offer of each case, by the times that intake recorded.</returns>
    public async Task<IReadOnlyList<double>> AwaitOffers(IReadOnlyList<Run> runs)
    {
        var delays = new ConcurrentBag<double>();
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (run, _) =>
        {
            while (true)
            {
                var timeline = (await Send(HttpMethod.Get, $"/api/v1/cases/{run.CaseId}", run.Token))["timeline"]!.AsArray();
                DateTimeOffset? At(string to) => timeline.FirstOrDefault(t => (string)t!["to"]! == to) is { } entry
                    ? DateTimeOffset.Parse((string)entry["at"]!, CultureInfo.InvariantCulture) : null;
                if (At("offered") is { } offered && At("submitted") is { } submitted)
                {
                    delays.Add((offered - submitted).TotalMilliseconds);
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            }
        });
        return [.. delays];
    }

    private async Task<Run> OpenAndSubmit()
    {
        var token = await Token(Roles.Patient, Guid.CreateVersion7().ToString());
        var sample = Sample("case.json");
        var opened = await Send(HttpMethod.Post, "/api/v1/cases", token, new
        {
            pathologyCode = Pathology,
            safety = new { signs = Array.Empty<string>(), suicidalThoughts = false, hospitalised = false, diagnosisKnown = true, urgent = false },
            patient = new { birthName = "EXEMPLE", givenNames = new[] { "Camille" }, sex = "F", birthDate = (string)sample["patient"]!["birthDate"]! },
            placeOfCare = "none",
            coverage = new
            {
                amcNumber = (string)sample["coverage"]!["amcNumber"]!,
                memberNumber = (string)sample["coverage"]!["memberNumber"]!,
                birthRank = 1,
            },
        });
        var id = (string)opened["caseId"]!;
        var sheet = Sample("answers.json");
        await Send(HttpMethod.Put, $"/api/v1/cases/{id}/answers", token,
            new { questionnaire = (string)sheet["questionnaire"]!, version = (int)sheet["version"]!, answers = sheet["answers"] }, "*");
        await Send(HttpMethod.Put, $"/api/v1/cases/{id}/questions", token, new { questions = new[] { "Faut-il opérer ?" } }, "*");
        await Send(HttpMethod.Post, $"/api/v1/cases/{id}/consents", token, new { purpose = "processing", granted = true });
        await Upload($"/api/v1/cases/{id}/documents", token);
        var watch = Stopwatch.StartNew();
        await Send(HttpMethod.Post, $"/api/v1/cases/{id}/submit", token, new { });
        return new Run(id, token, watch.Elapsed.TotalMilliseconds);
    }

    private async Task Upload(string path, string token)
    {
        using var content = new ByteArrayContent(await File.ReadAllBytesAsync(Path.Combine(_sample, "compte-rendu.pdf")));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/pdf");
        content.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = "compte-rendu.pdf" };
        content.Headers.Add("Document-Type", "consultation_report");
        await Send(HttpMethod.Post, path, token, content, null);
    }

    private Task<JsonNode> Send(HttpMethod method, string path, string token, object? body = null, string? etag = null) =>
        Send(method, path, token, body is null ? null : JsonContent.Create(body), etag);

    private async Task<JsonNode> Send(HttpMethod method, string path, string token, HttpContent? content, string? etag)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = new("Bearer", token);
        if (method == HttpMethod.Post)
        {
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        }

        if (etag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", etag);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
    }

    private Task<string> Token(string role, string subject) => identity.Token(role, subject, TimeSpan.FromHours(1));

    private JsonNode Sample(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(_sample, file)))!;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SecondOpinion.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The bench runs from within the project's folder.");
    }
}
