using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Story;

/// <summary>
/// One fictitious case (samples/endometriose) from eligibility to the moved indicators, through the gateway's public API only and with tokens of the right
/// roles. Every step is verified from the outside: what the API answered, not what the code meant.
/// </summary>
internal sealed partial class SampleStory : IDisposable
{
    private static readonly object NoEmergency =
        new { signs = Array.Empty<string>(), suicidalThoughts = false, hospitalised = false, diagnosisKnown = true, urgent = false };

    private readonly Narrator _tell;
    private readonly Api _api;
    private readonly LocalIdentity _identity;
    private readonly string _sample;
    private readonly string _output;
    private string _patient = "";
    private string _ops = "";
    private string _pathology = "";
    private string _physician = "";
    private string _caseId = "";

    private SampleStory(Uri gateway, string dataFolder, string root, Narrator teller, CancellationToken stopping)
    {
        _tell = teller;
        _api = new Api(gateway, stopping);
        _identity = LocalIdentity.Of(dataFolder);
        _sample = Path.Combine(root, "samples", "endometriose");
        _output = Path.Combine(root, "artifacts", "demo");
    }

    /// <returns>True when every step was as it must be; the first that was not is told.</returns>
    public static async Task<bool> Play(Uri gateway, string dataFolder, string root, Narrator teller, CancellationToken stopping)
    {
        using var story = new SampleStory(gateway, dataFolder, root, teller, stopping);
        story._tell.Title("One case, end to end (everyone in it is fictitious):");
        try
        {
            await story.PlaySteps();
            story._tell.Title("");
            return true;
        }
        catch (StoryException wrong)
        {
            story._tell.Failed("stopped", wrong.Message);
            return false;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception unexpected)
        {
            // An answer of another shape than the story reads: a failed step too, and everything is still stopped in order.
            story._tell.Failed("stopped", unexpected.ToString());
            return false;
        }
    }

    public void Dispose()
    {
        _api.Dispose();
        _identity.Dispose();
    }

    private async Task PlaySteps()
    {
        _patient = await Token(Roles.Patient, Guid.CreateVersion7().ToString());
        _ops = await Token(Roles.Ops, "story-ops");
        var before = await Indicators();
        await FindTheRightDoor();
        await CheckEligibility();
        await OpenCase();
        await FillIn();
        await AddDocuments();
        var submissionTrace = await Submit();
        var first = await FindOffer(rank: 1);
        await Decline(first);
        var offer = await FindOffer(rank: 2);
        await Accept(offer);
        await ReadFile();
        await AskAndAnswer();
        await WriteOpinion();
        await Download();
        await CheckLedger();
        await CheckIndicators(before);
        await CheckEvents(submissionTrace);
        await ShowWhatTheInsurerSees();
        _tell.Step("trace", submissionTrace);
    }

    /// <summary>As anybody begins: the emergency questions, the search as one types (and mistypes), the questionnaire that the disease calls for.</summary>
    private async Task FindTheRightDoor()
    {
        const string typed = "endometrioz";
        var screen = Expect(await _api.Get("/api/v1/orientation/emergency-screen", _patient)).Json;
        var door = Expect(await _api.Post("/api/v1/orientation/emergency-screen", _patient, NoEmergency)).Json;
        Must((bool)door["mayContinue"]!, $"the emergency screen stops a calm patient: {door.ToJsonString()}");

        var found = Expect(await _api.Post("/api/v1/pathologies/search", _patient, new { q = typed, limit = 5 })).Json["items"]!.AsArray();
        _pathology = Text(Sample("case.json")["pathology"]);
        Must(found.Any(p => Text(p!["code"]) == _pathology), $"« {typed} » does not find {_pathology}");
        var pathology = Expect(await _api.Post("/api/v1/pathologies/read", _patient, new { code = _pathology })).Json;
        var questionnaire = Expect(await _api.Post("/api/v1/questionnaires/read", _patient, new { code = Text(pathology["questionnaire"]) })).Json;
        var sheet = Sample("answers.json");
        Must(
            Text(questionnaire["code"]) == Text(sheet["questionnaire"]) && (int)questionnaire["version"]! == (int)sheet["version"]!,
            $"{_pathology} leads to questionnaire {Text(questionnaire["code"])} version {questionnaire["version"]}");
        _tell.Step(
            "right door",
            $"no emergency ({screen["signs"]!.AsArray().Count} signs asked); « {typed} » finds {Text(pathology["name"])}; its questionnaire: "
                + $"{Text(questionnaire["title"])}, "
            + $"{questionnaire["questions"]!.AsArray().Count} questions");
    }

    private async Task CheckEligibility()
    {
        var sample = Sample("case.json");
        var answer = Expect(await _api.Post("/api/v1/eligibility/check", _patient, new
        {
            amcNumber = Text(sample["coverage"]!["amcNumber"]),
            memberNumber = Text(sample["coverage"]!["memberNumber"]),
            birthDate = Text(sample["patient"]!["birthDate"]),
            birthRank = 1,
        }));
        Must((bool)answer.Json["covered"]!, $"the sample's beneficiary is not covered: {answer.Text}");
        _tell.Step("eligibility", $"covered by {Text(answer.Json["insurerName"])}, nothing to advance");
    }

    private async Task OpenCase()
    {
        var sample = Sample("case.json");
        var patient = sample["patient"]!;
        var answer = Expect(await _api.Post("/api/v1/cases", _patient, new
        {
            pathologyCode = _pathology,
            safety = NoEmergency,
            patient = new
            {
                birthName = Text(patient["birthName"]),
                givenNames = patient["givenNames"]!.DeepClone(),
                sex = Text(patient["sex"]) == "female" ? "F" : "M",
                birthDate = Text(patient["birthDate"]),
                birthPlaceCode = Text(patient["birthPlaceInsee"]),
                nir = Text(patient["nir"]),
            },
            coverage = new
            {
                amcNumber = Text(sample["coverage"]!["amcNumber"]),
                memberNumber = Text(sample["coverage"]!["memberNumber"]),
                birthRank = 1,
            },
            treatingEstablishment = Text(sample["treatingEstablishment"]!["finess"]),
            treatingPhysician = new { rpps = Text(sample["treatingPhysician"]!["rpps"]) },
            residenceCommune = Text(patient["residenceInsee"]),
        }));
        _caseId = Text(answer.Json["caseId"]);
        var coverage = Text(answer.Json["coverage"]!["status"]);
        // Pending: billing was away for a moment; the case goes on and settles by itself.
        Must(coverage is "covered" or "pending", $"coverage is {coverage}");
        _tell.Step("opened", $"case {_caseId}, {Text(answer.Json["pathology"]!["name"])}, coverage {coverage}");
    }

    private async Task FillIn()
    {
        var sheet = Sample("answers.json");
        await Save($"/api/v1/cases/{_caseId}/answers", _patient, new
        {
            questionnaire = Text(sheet["questionnaire"]),
            version = (int)sheet["version"]!,
            answers = sheet["answers"]!.DeepClone(),
        });
        await Save($"/api/v1/cases/{_caseId}/questions", _patient, new { questions = Sample("questions.json")["questions"]!.DeepClone() });
        foreach (var purpose in (string[])["processing", "sharing_with_treating_physician", "contact_after_six_months"])
        {
            Expect(await _api.Post($"/api/v1/cases/{_caseId}/consents", _patient, new { purpose, granted = true }));
        }

        _tell.Step("filled in", $"{sheet["answers"]!.AsObject().Count} answers, 3 questions, 3 consents");
    }

    private async Task AddDocuments()
    {
        var sample = Sample("case.json");
        var seen = new List<string>();
        foreach (var document in sample["documents"]!.AsArray().Concat(sample["furtherDocuments"]!.AsArray()))
        {
            var file = Text(document!["file"]);
            var bytes = await File.ReadAllBytesAsync(Path.Combine(_sample, file));
            var answer = Expect(await _api.Upload(
                $"/api/v1/cases/{_caseId}/documents", _patient, Path.Combine(_sample, file), Text(document["contentType"]), Text(document["kind"])));
            // A CD and a phone's photograph are shown as what every program opens: its images alone, a JPEG.
            var shown = Text(answer.Json["downloadMediaType"]) == Text(answer.Json["mediaType"]) && answer.Json["facts"]?["leftOut"] is null
                ? bytes
                : Expect(await _api.Get($"/api/v1/cases/{_caseId}/documents/{Text(answer.Json["documentId"])}", _patient)).Bytes;
            Must(Text(answer.Json["sha256"]) == Convert.ToHexStringLower(SHA256.HashData(shown)), $"{file} arrived with another SHA-256");
            Must(answer.Json["facts"]?["leftOut"] is not { } left || (int)left == 3, $"of {file} a program was kept");
            seen.Add($"{file} ({Text(answer.Json["mediaType"])}, {bytes.Length / 1024} KB)");
        }

        _tell.Step("documents", string.Join(", ", seen));
    }

    /// <returns>The trace that the submission started; everything that follows from it by itself carries it.</returns>
    private async Task<string> Submit()
    {
        var answer = await _api.Post($"/api/v1/cases/{_caseId}/submit", _patient);
        var trace = _api.TraceId ?? "";
        if (!answer.Ok)
        {
            // 409: an earlier attempt did arrive; what the case says now decides.
            Must((int)answer.Status == 409, $"submission was refused: {answer.Text}");
        }
        else if (Text(answer.Json["state"]) == "incomplete")
        {
            throw new StoryException($"the file is incomplete: {answer.Text}");
        }

        var file = await _api.Until(
            $"/api/v1/cases/{_caseId}", _patient, a => a.Json["completedAt"] is not null, "the case is complete");
        Must(Text(file.Json["coverage"]!["status"]) == "reserved", $"coverage is {file.Json["coverage"]!.ToJsonString()}");
        var due = DateTimeOffset.Parse(Text(file.Json["dueAt"]), CultureInfo.InvariantCulture);
        _tell.Step("complete", $"coverage reserved ({Text(file.Json["coverage"]!["engagementNumber"])}), 7-day clock runs until {due:yyyy-MM-dd HH:mm} UTC");
        return trace;
    }

    private async Task<string> FindOffer(int rank)
    {
        var matching = await _api.Until(
            $"/api/v1/matching/cases/{_caseId}", _ops, a => Text(a.Json["state"]) == "offered" && a.Json["offers"]!.AsArray().Count == rank,
            "the case is offered to a physician");
        var physicianId = Text(matching.Json["physicianId"]);
        var explanation = Text(matching.Json["choices"]!.AsArray()[^1]!["explanation"]);
        var pathology = Text(Sample("case.json")["pathology"]);
        var physicians = Expect(await _api.Get($"/api/v1/physicians?pathology={pathology}&limit=100", _ops)).Json["items"]!.AsArray();
        var chosen = physicians.FirstOrDefault(p => Text(p!["physicianId"]) == physicianId)
            ?? throw new StoryException($"physician {physicianId} is not listed");
        var rpps = Rpps.Parse(Text(chosen["rpps"]));
        _physician = await Token(Roles.Physician, "sample-physician", ("rpps", rpps.Value));
        var worklist = await _api.Until(
            "/api/v1/worklist?state=offered&limit=100", _physician, a => OfferOf(a) is not null, "the offer is on the physician's worklist");
        _tell.Step(rank == 1 ? "offered" : "next best", $"to {Text(chosen["displayName"])}: « {explanation} »");
        return Text(OfferOf(worklist)!["offerId"]);
    }

    private async Task Decline(string offerId)
    {
        Expect(await _api.Post($"/api/v1/worklist/offers/{offerId}/decline", _physician, new { reason = "unavailable" }));
        _tell.Step("declined", "the first physician has no time; the next one is asked at once");
    }

    private async Task Accept(string offerId)
    {
        Expect(await _api.Post($"/api/v1/worklist/offers/{offerId}/accept", _physician));
        await _api.Until("/api/v1/worklist?state=assigned&limit=100", _physician, a => OfferOf(a) is not null, "the case is assigned");
        await _api.Until($"/api/v1/cases/{_caseId}", _patient, a => Text(a.Json["state"]) == "assigned", "the patient sees it assigned");
        _tell.Step("accepted", "the physician has the case, and now the file opens");
    }

    private async Task ReadFile()
    {
        var file = Expect(await _api.Get($"/api/v1/worklist/cases/{_caseId}/dossier", _physician)).Json;
        var documents = file["documents"]!.AsArray();
        foreach (var document in documents)
        {
            var bytes = Expect(await _api.Get($"/api/v1/worklist/cases/{_caseId}/documents/{Text(document!["documentId"])}", _physician)).Bytes;
            Must(Convert.ToHexStringLower(SHA256.HashData(bytes)) == Text(document["sha256"]), $"{Text(document["fileName"])} came back changed");
        }

        Must(!file.ToJsonString().Contains(Text(Sample("case.json")["patient"]!["birthName"]), StringComparison.Ordinal),
            "the physician sees the patient's name");
        var stranger = Rpps.WithKey("9999999990");
        var refused = await _api.Get(
            $"/api/v1/worklist/cases/{_caseId}/dossier", await Token(Roles.Physician, "another-physician", ("rpps", stranger.Value)));
        Must((int)refused.Status == 404, $"another physician got {(int)refused.Status}");
        _tell.Step("file read",
            $"{(int)file["ageYears"]!} years, {Text(file["sex"])}, no name; {documents.Count} documents decrypted and compared; another physician gets 404");
    }

    private async Task AskAndAnswer()
    {
        var dialogue = Sample("opinion.json")["dialogue"]!;
        var asked = Expect(await _api.Post($"/api/v1/worklist/cases/{_caseId}/information-requests", _physician, new { text = Text(dialogue["question"]) }));
        var waiting = await _api.Until(
            $"/api/v1/cases/{_caseId}", _patient, a => (bool)a.Json["clockPaused"]!, "the clock stands still");
        var request = waiting.Json["informationRequests"]!.AsArray().Single(r => r!["answer"] is null)!;
        Must(Text(request["requestId"]) == Text(asked.Json["requestId"]), "the patient sees another request than the physician made");
        var given = await _api.Post(
            $"/api/v1/cases/{_caseId}/information-requests/{Text(request["requestId"])}/answer", _patient, new { text = Text(dialogue["answer"]) });
        // 409: an earlier attempt did arrive, only its reply was lost with the service that gave it.
        Must(given.Ok || (int)given.Status == 409, $"the answer was not taken: {given.Text}");
        await _api.Until($"/api/v1/cases/{_caseId}", _patient, a => !(bool)a.Json["clockPaused"]!, "the clock runs again");
        _tell.Step("information", "asked and given; the clock stood still meanwhile");
    }

    private async Task WriteOpinion()
    {
        var path = $"/api/v1/worklist/cases/{_caseId}/opinion";
        var opinion = Sample("opinion.json").AsObject();
        opinion.Remove("fictitious");
        opinion.Remove("dialogue");
        await Save(path, _physician, opinion);
        // The answer to the patient travels by event: signing waits until the physician's side has it.
        Answer signed;
        var tries = 0;
        do
        {
            signed = await _api.Post(path + "/sign", _physician);
        }
        while (!signed.Ok && (int)signed.Status == 409 && ++tries < 50);
        Expect(signed);
        await _api.Until($"/api/v1/cases/{_caseId}", _patient, a => Text(a.Json["state"]) == "delivered", "the patient sees it delivered");
        _tell.Step("opinion",
            $"diagnosis {Text(opinion["diagnosis"])}, treatment {Text(opinion["treatment"])}, impact {Text(opinion["impact"])}; signed, version "
                + $"{(int)signed.Json["version"]!}");
    }

    private async Task Download()
    {
        var opinion = Expect(await _api.Get($"/api/v1/cases/{_caseId}/opinion", _patient)).Json;
        var pdf = Expect(await _api.Get($"/api/v1/cases/{_caseId}/opinion.pdf", _patient));
        Must(pdf.MediaType == "application/pdf" && pdf.Bytes.AsSpan().StartsWith("%PDF-"u8), "the opinion is no PDF");
        Must(Convert.ToHexStringLower(SHA256.HashData(pdf.Bytes)) == Text(opinion["sha256"]), "the PDF's SHA-256 is not the signed one");
        Directory.CreateDirectory(_output);
        var file = Path.Combine(_output, $"avis-{_caseId}.pdf");
        await File.WriteAllBytesAsync(file, pdf.Bytes);
        var insurer = await Token(Roles.Partner, "story-partner", ("insurer_id", Guid.CreateVersion7().ToString()));
        var refused = await _api.Get($"/api/v1/cases/{_caseId}/opinion", insurer);
        Must((int)refused.Status is 403 or 404, $"an insurer got {(int)refused.Status} from a clinical route");
        _tell.Step("downloaded",
            $"{Path.GetRelativePath(Environment.CurrentDirectory, file)} ({pdf.Bytes.Length / 1024} KB, SHA-256 as signed); an insurer gets "
                + $"{(int)refused.Status}");
    }

    /// <summary>Reads, then saves with the ETag that was read; once more when an attempt whose answer was lost had arrived after all.</summary>
    private async Task Save(string path, string token, object body)
    {
        Answer saved;
        var tries = 0;
        do
        {
            var etag = Expect(await _api.Get(path, token)).ETag;
            saved = await _api.Put(path, token, body, etag);
        }
        while ((int)saved.Status == 412 && ++tries < 3);
        Expect(saved);
    }

    private JsonNode? OfferOf(Answer worklist) => worklist.Json["items"]!.AsArray().FirstOrDefault(i => Text(i!["caseId"]) == _caseId);

    private JsonNode Sample(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(_sample, file), Encoding.UTF8))!;

    private Task<string> Token(string role, string subject, params (string Name, object Value)[] claims) =>
        _identity.Token(role, subject, TimeSpan.FromHours(1), claims);

    private static string Text(JsonNode? node) => node?.ToString() ?? "";

    private static Answer Expect(Answer answer) => answer.Ok ? answer : throw new StoryException($"{(int)answer.Status} {answer.Text}");

    private static void Must(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new StoryException(otherwise);
        }
    }
}
