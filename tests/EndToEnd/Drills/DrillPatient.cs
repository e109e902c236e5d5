using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using SecondOpinion.AppHost.Story;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>
/// One patient, and the référent who gets the case, as clients that repeat what was not answered under the same key; each notes what it was told.
/// </summary>
/// <param name="system">Where it asks.</param>
/// <param name="history">Where it notes.</param>
/// <param name="stop">Ends it where it is.</param>
internal sealed class DrillPatient(SharedSystem system, CaseHistory history, CancellationToken stop = default) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly Api _api = new(system.Gateway, stop.CanBeCanceled ? stop : TestContext.Current.CancellationToken);
    private readonly string _patient = system.Token(Roles.Patient, history.PatientId.ToString());
    private readonly string _ops = system.Token(Roles.Ops, "drill-ops");

    private string Case => $"/api/v1/cases/{history.CaseId}";

    public Task WholeCase() => Noted(async () =>
    {
        await Open();
        await FillIn();
        await Submit();
        await Deliver();
    });

    /// <summary>Whatever of it happens without a référent.</summary>
    public Task UntilComplete() => Noted(async () =>
    {
        await Open();
        await FillIn();
        await Submit();
    });

    private async Task Noted(Func<Task> steps)
    {
        try
        {
            await steps();
        }
        catch (StoryException exception)
        {
            history.GaveUp = exception.Message;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its system is gone; what it was told until now is what counts.
            return;
        }
    }

    public void Dispose() => _api.Dispose();

    private async Task Open()
    {
        var opened = await Timed(() => _api.Post("/api/v1/cases", _patient, new
        {
            pathologyCode = "endometriose",
            safety = new { signs = Array.Empty<string>(), suicidalThoughts = false, hospitalised = false, diagnosisKnown = true, urgent = false },
            patient = new { birthName = "EXEMPLE", givenNames = new[] { "Camille" }, sex = "F", birthDate = history.Member.Birth },
            placeOfCare = "none",
            coverage = new { amcNumber = history.Member.AmcNumber, memberNumber = history.Member.MemberNumber, birthRank = 1 },
        }));
        history.CaseId = Guid.Parse((string)opened.Json["caseId"]!);
        history.Told("opened");
    }

    private async Task FillIn()
    {
        var sheet = Journey.Sample("answers.json");
        await Timed(() => _api.Put(
            $"{Case}/answers", _patient,
                new { questionnaire = (string)sheet["questionnaire"]!, version = (int)sheet["version"]!, answers = sheet["answers"] }, "*"));
        await Timed(() => _api.Put($"{Case}/questions", _patient, new { questions = new[] { "Faut-il opérer ?" } }, "*"));
        await Timed(() => _api.Post($"{Case}/consents", _patient, new { purpose = "processing", granted = true }));
        var file = Path.Combine(Journey.SampleFolder, "compte-rendu.pdf");
        await Timed(() => _api.Upload($"{Case}/documents", _patient, file, "application/pdf", "consultation_report"));
        history.Told("document");
    }

    private async Task Submit()
    {
        // 409: an earlier attempt had arrived, only its answer was lost; the state below decides.
        await Timed(() => _api.Post($"{Case}/submit", _patient), alsoAllowed: 409);
        await Until(Case, _patient, c => c["completedAt"] is not null, "the case is complete");
        history.Told("complete");
    }

    private async Task Deliver()
    {
        var matching = await Until($"/api/v1/matching/cases/{history.CaseId}", _ops, m => (string?)m["state"] == "offered", "the case is offered");
        var listed = (await Timed(() => _api.Get("/api/v1/physicians?pathology=endometriose&limit=100", _ops))).Json["items"]!.AsArray();
        var rpps = Rpps.Parse((string)listed.Single(p => (string)p!["physicianId"]! == (string)matching["physicianId"]!)!["rpps"]!);
        var physician = system.PhysicianToken(rpps);
        JsonNode? Item(JsonNode worklist) => worklist["items"]!.AsArray().FirstOrDefault(i => (string)i!["caseId"]! == history.CaseId.ToString());
        var offers = await Until("/api/v1/worklist?state=offered&limit=100", physician, w => Item(w) is not null, "the offer is on the worklist");
        await Timed(() => _api.Post($"/api/v1/worklist/offers/{(string)Item(offers)!["offerId"]!}/accept", physician), alsoAllowed: 409);
        await Until(Case, _patient, c => (string?)c["state"] == "assigned", "the patient sees it assigned");
        history.Told("assigned");

        var sample = Journey.Sample("opinion.json");
        var opinion = $"/api/v1/worklist/cases/{history.CaseId}/opinion";
        var draft = new
        {
            diagnosis = (string)sample["diagnosis"]!,
            treatment = (string)sample["treatment"]!,
            impact = (string)sample["impact"]!,
            reasoning = sample["reasoning"],
            recommendations = sample["recommendations"],
            answersToQuestions = new[] { "Pas dans l’immédiat." },
            references = sample["references"],
        };
        await Until($"{opinion}", physician, _ => true, "the opinion's place is there");
        await Timed(() => _api.Put(opinion, physician, draft, "*"));
        var signed = await Timed(() => _api.Post($"{opinion}/sign", physician));
        history.Told("signed");
        history.OpinionSha256 = (string?)signed.Json["sha256"];
        await Until(Case, _patient, c => (string?)c["state"] == "delivered", "the patient sees it delivered");
        history.Told("delivered");
    }

    private async Task<Answer> Timed(
        Func<Task<Answer>> call, int alsoAllowed = 200, [CallerArgumentExpression(nameof(call))] string what = "")
    {
        var start = Stopwatch.GetTimestamp();
        var answer = await call();
        history.Waited(Stopwatch.GetElapsedTime(start), what);
        return answer.Ok || (int)answer.Status == alsoAllowed ? answer : throw new StoryException($"{(int)answer.Status} {answer.Text}");
    }

    private async Task<JsonNode> Until(string path, string token, Func<JsonNode, bool> fits, string what) =>
        (await Timed(() => Patiently(() => _api.Until(path, token, a => fits(a.Json), what)), what: what)).Json;

    /// <summary>Looks again for longer than a broker on a busy machine takes to start. Only what changes nothing is repeated so: it has no key.</summary>
    private static async Task<Answer> Patiently(Func<Task<Answer>> look)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await look();
            }
            catch (StoryException) when (Stopwatch.GetElapsedTime(start) < Patience)
            {
                // How long it took is in the history.
                continue;
            }
        }
    }
}
