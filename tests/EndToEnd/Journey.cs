using System.Text.Json.Nodes;
using SecondOpinion.AppHost.Story;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>One case of a new patient, taken as far as a test needs it; the content is that of samples/endometriose.</summary>
internal sealed class Journey : IDisposable
{
    private readonly SharedSystem _system;
    private readonly Api _api;

    private Journey(SharedSystem system)
    {
        _system = system;
        _api = new Api(system.Gateway, TestContext.Current.CancellationToken);
        Patient = system.Token(Roles.Patient);
        Ops = system.Token(Roles.Ops, "test-ops");
    }

    public static string SampleFolder { get; } = Path.Combine(AppHostProcess.RepositoryRoot, "samples/endometriose");

    public string Patient { get; }

    public string Ops { get; }

    public string CaseId { get; private set; } = "";

    public string Case => $"/api/v1/cases/{CaseId}";

    public string OfferId { get; private set; } = "";

    /// <summary>Token of the physician to whom the case is offered.</summary>
    public string Physician { get; private set; } = "";

    public Rpps PhysicianRpps { get; private set; }

    public IReadOnlyList<string> DocumentIds { get; private set; } = [];

    /// <summary>The trace of the last request.</summary>
    public string TraceId => _api.TraceId!;

    /// <summary>What an access log in front of the gateway would hold.</summary>
    public IReadOnlyList<string> AccessLog => _api.AccessLog;

    /// <summary>For whatever else a test does with the case; it goes into the log.</summary>
    public Api Reader => _api;

    public static Journey New(SharedSystem system) => new(system);

    public static async Task<Journey> Opened(SharedSystem system)
    {
        var journey = New(system);
        await journey.Open();
        return journey;
    }

    /// <summary>Everything is there but the submission.</summary>
    public static async Task<Journey> Ready(SharedSystem system)
    {
        var journey = await Opened(system);
        await journey.FillIn();
        await journey.AddDocuments();
        return journey;
    }

    public static async Task<Journey> Offered(SharedSystem system)
    {
        var journey = await Ready(system);
        Expect(await journey.Submit());
        await journey.WaitForOffer();
        return journey;
    }

    public static async Task<Journey> Assigned(SharedSystem system)
    {
        var journey = await Offered(system);
        Expect(await journey._api.Post($"/api/v1/worklist/offers/{journey.OfferId}/accept", journey.Physician));
        await journey.Until("the case is assigned", c => (string?)c["state"] == "assigned");
        return journey;
    }

    public static JsonNode Sample(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(SampleFolder, file)))!;

    /// <summary>The body that opens the case; tests break it.</summary>
    public static JsonObject OpenBody()
    {
        var sample = Sample("case.json");
        var patient = sample["patient"]!;
        return new JsonObject
        {
            ["pathologyCode"] = (string)sample["pathology"]!,
            ["safety"] = new JsonObject
            {
                ["signs"] = new JsonArray(),
                ["suicidalThoughts"] = false,
                ["hospitalised"] = false,
                ["diagnosisKnown"] = true,
                ["urgent"] = false,
            },
            ["patient"] = new JsonObject
            {
                ["birthName"] = (string)patient["birthName"]!,
                ["givenNames"] = patient["givenNames"]!.DeepClone(),
                ["sex"] = "F",
                ["birthDate"] = (string)patient["birthDate"]!,
                ["nir"] = (string)patient["nir"]!,
            },
            ["coverage"] = new JsonObject
            {
                ["amcNumber"] = (string)sample["coverage"]!["amcNumber"]!,
                ["memberNumber"] = (string)sample["coverage"]!["memberNumber"]!,
                ["birthRank"] = 1,
            },
            ["treatingEstablishment"] = (string)sample["treatingEstablishment"]!["finess"]!,
            ["residenceCommune"] = (string)patient["residenceInsee"]!,
        };
    }

    public async Task<JsonNode> Open()
    {
        var opened = Expect(await _api.Post("/api/v1/cases", Patient, OpenBody())).Json;
        CaseId = (string)opened["caseId"]!;
        return opened;
    }

    public async Task FillIn()
    {
        var sheet = Sample("answers.json");
        var etag = Expect(await _api.Get($"{Case}/answers", Patient)).ETag;
        Expect(await _api.Put(
            $"{Case}/answers", Patient,
            new { questionnaire = (string)sheet["questionnaire"]!, version = (int)sheet["version"]!, answers = sheet["answers"] }, etag));
        etag = Expect(await _api.Get($"{Case}/questions", Patient)).ETag;
        Expect(await _api.Put($"{Case}/questions", Patient, new { questions = Sample("questions.json")["questions"] }, etag));
        await Consent();
    }

    public async Task Consent() => Expect(await _api.Post($"{Case}/consents", Patient, new { purpose = "processing", granted = true }));

    public async Task AddDocuments()
    {
        var ids = new List<string>();
        foreach (var document in Sample("case.json")["documents"]!.AsArray())
        {
            var file = (string)document!["file"]!;
            var added = Expect(await _api.Upload(
                $"{Case}/documents", Patient, Path.Combine(SampleFolder, file), (string)document["contentType"]!, (string)document["kind"]!));
            ids.Add((string)added.Json["documentId"]!);
        }

        DocumentIds = ids;
    }

    public Task<Answer> Submit() => _api.Post($"{Case}/submit", Patient);

    public async Task WaitForOffer()
    {
        var matching = await _api.Until(
            $"/api/v1/matching/cases/{CaseId}", Ops, a => (string?)a.Json["state"] == "offered", $"case {CaseId} is offered");
        var physicianId = (string)matching.Json["physicianId"]!;
        var listed = Expect(await _api.Get($"/api/v1/physicians?pathology={Sample("case.json")["pathology"]}&limit=100", Ops)).Json;
        PhysicianRpps = Rpps.Parse((string)listed["items"]!.AsArray().Single(p => (string)p!["physicianId"]! == physicianId)!["rpps"]!);
        Physician = _system.PhysicianToken(PhysicianRpps);
        var worklist = await _api.Until(
            "/api/v1/worklist?state=offered&limit=100", Physician,
            a => a.Json["items"]!.AsArray().Any(i => (string)i!["caseId"]! == CaseId), $"the offer of case {CaseId} is on the worklist");
        OfferId = (string)worklist.Json["items"]!.AsArray().Single(i => (string)i!["caseId"]! == CaseId)!["offerId"]!;
    }

    /// <summary>The case as its patient sees it, once it fits.</summary>
    public async Task<JsonNode> Until(string what, Func<JsonNode, bool> fits) =>
        (await _api.Until(Case, Patient, a => fits(a.Json), $"case {CaseId}: {what}")).Json;

    public void Dispose() => _api.Dispose();

    private static Answer Expect(Answer answer) => answer.Ok ? answer : throw new InvalidOperationException($"{(int)answer.Status} {answer.Text}");
}
