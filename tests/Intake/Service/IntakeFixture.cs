using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>The real intake on its own database and virtual host, with billing and physician played by the test.</summary>
public sealed class IntakeFixture : IAsyncLifetime
{
    public const long MaxDocumentBytes = 2_000_000;

    public static readonly Rpps Expert = Rpps.WithKey("9900000101");

    private readonly string _documents = Directory.CreateTempSubdirectory("intake-tests-").FullName;

    public ServiceUnderTest<Program> Service { get; private set; } = null!;

    public FakePartners Partners { get; } = new();

    public ManualTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    public string DocumentsPath => _documents;

    /// <summary>On top, before the start.</summary>
    public Dictionary<string, string?> Settings { get; } = new() { ["Cases:OpenPerPerson"] = "10" };

    public static IReadOnlyDictionary<string, string?> Encryption => new Dictionary<string, string?>
    {
        ["Encryption:CurrentKey"] = "v1",
        ["Encryption:Keys:v1"] = Convert.ToBase64String("intake's key of tests: 32 bytes!"u8),
    };

    public async ValueTask InitializeAsync()
    {
        await Partners.Start();
        Service = await ServiceUnderTest<Program>.Start(
            "intake",
            new Dictionary<string, string?>(Encryption.Concat(Settings).ToDictionary(s => s.Key, s => s.Value))
            {
                ["Documents:Path"] = Settings.GetValueOrDefault("Documents:Path") ?? _documents,
                ["Documents:MaxBytes"] = MaxDocumentBytes.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["services:billing:grpc:0"] = Partners.Address.AbsoluteUri,
                ["services:physician:grpc:0"] = Partners.Address.AbsoluteUri,
            },
            services => services.AddSingleton<TimeProvider>(Time));
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Partners.DisposeAsync();
        Directory.Delete(_documents, recursive: true);
    }

    public Journey Patient(Guid? id = null) => new(this, Service.Http(TestTokens.Patient(id ?? Guid.CreateVersion7())));

    public Journey Agent() => new(this, Service.Http(TestTokens.Of(Roles.Agent)));

    public Journey Physician(Rpps rpps) => new(this, Service.Http(TestTokens.Physician(rpps)));

    public async Task<T> Sql<T>(string sql, object? parameters = null)
    {
        await using var db = await Service.Data.OpenConnectionAsync();
        return (await db.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    /// <summary>As matching would: the expert has accepted.</summary>
    public async Task Assign(Guid caseId, Rpps? expert = null)
    {
        await Service.Broker.Publish(new CaseAssigned
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = caseId,
            PhysicianId = (expert ?? Expert).PhysicianId,
            AssignedAt = TimeProvider.System.GetUtcNow(),
        });
        await Eventually.True(
            async () => await Sql<string>("select state from case_file where id = @caseId", new { caseId }) == "assigned", "the case is assigned");
    }

    public async Task<string> State(Guid caseId) => await Sql<string>("select state from case_file where id = @caseId", new { caseId });
}

/// <summary>What one person does with cases, over HTTP.</summary>
public sealed class Journey(IntakeFixture intake, HttpClient http)
{
    public HttpClient Http => http;

    /// <summary>A request that opens; change what the test is about.</summary>
    public static JsonObject Opening(Action<JsonObject>? change = null)
    {
        var request = JsonNode.Parse(
            """
            {
              "pathologyCode": "endometriose",
              "safety": { "signs": [], "suicidalThoughts": false, "hospitalised": false, "diagnosisKnown": true, "urgent": false },
              "patient": {
                "birthName": "EXEMPLE", "givenNames": ["Camille", "Jeanne"], "sex": "F", "birthDate": "1989-04-17", "birthPlaceCode": "35238",
                "nir": "289043523899902",
                "email": "camille.exemple@example.org", "phone": "+33199000001"
              },
              "coverage": { "amcNumber": "99000001", "memberNumber": "FICTIF000042" },
              "treatingEstablishment": "189999998",
              "residenceCommune": "18279"
            }
            """)!.AsObject();
        change?.Invoke(request);
        return request;
    }

    public Task<HttpResponseMessage> TryOpen(JsonObject? request = null, string? key = null) =>
        Post("/api/v1/cases", request ?? Opening(), key ?? Guid.NewGuid().ToString());

    public async Task<Guid> Open(JsonObject? request = null)
    {
        var answer = await TryOpen(request);
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return (await Json(answer)).GetProperty("caseId").GetGuid();
    }

    public async Task<JsonElement> Get(string path)
    {
        var answer = await http.GetAsync(path);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
        return await Json(answer);
    }

    public Task<JsonElement> Case(Guid id) => Get($"/api/v1/cases/{id}");

    public async Task<HttpResponseMessage> Put(string path, object body, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await http.SendAsync(request);
    }

    public async Task<HttpResponseMessage> Post(string path, object? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await http.SendAsync(request);
    }

    public async Task<HttpResponseMessage> Upload(
        Guid id, byte[] content, string type = "consultation_report", string name = "compte-rendu.pdf", string? key = null)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{id}/documents") { Content = body };
        Describe(request.Content, type, name);
        request.Headers.Add("Idempotency-Key", key ?? Guid.NewGuid().ToString());
        return await http.SendAsync(request);
    }

    /// <summary>What a document is and how it is called goes in headers.</summary>
    public static void Describe(HttpContent content, string type, string name)
    {
        content.Headers.ContentDisposition = new("attachment") { FileNameStar = name };
        content.Headers.Add("Document-Type", type);
    }

    public Task<HttpResponseMessage> Consent(Guid id, string purpose = "processing", bool granted = true) =>
        Post($"/api/v1/cases/{id}/consents", new { purpose, granted });

    /// <summary>Everything that makes the sample file whole.</summary>
    public async Task Fill(Guid id, bool consent = true)
    {
        var answers = JsonNode.Parse(await File.ReadAllTextAsync(Sample("answers.json")))!;
        (await Put($"/api/v1/cases/{id}/answers", answers, "\"v1\"")).EnsureSuccessStatusCode();
        (await Put($"/api/v1/cases/{id}/questions", JsonNode.Parse(await File.ReadAllTextAsync(Sample("questions.json")))!, "\"v1\""))
            .EnsureSuccessStatusCode();
        (await Upload(id, await File.ReadAllBytesAsync(Sample("compte-rendu.pdf")))).EnsureSuccessStatusCode();
        if (consent)
        {
            (await Consent(id)).EnsureSuccessStatusCode();
        }
    }

    public Task<HttpResponseMessage> Submit(Guid id) => Post($"/api/v1/cases/{id}/submit");

    /// <summary>A case that is complete and waits for an expert.</summary>
    public async Task<Guid> Complete(Action<JsonObject>? change = null)
    {
        var id = await Open(Opening(change));
        await Fill(id);
        var submitted = await Json(await Submit(id));
        submitted.GetProperty("state").GetString().ShouldBe("complete", submitted.ToString());
        return id;
    }

    /// <summary>A case that the fixture's expert reads.</summary>
    public async Task<Guid> Assigned()
    {
        var id = await Complete();
        await intake.Assign(id);
        return id;
    }

    public static async Task<JsonElement> Json(HttpResponseMessage answer) => JsonElement.Parse(await answer.Content.ReadAsStringAsync());

    /// <summary>The refusal's status and code, and the pointer and code of its first field error.</summary>
    public static async Task<(int Status, string Code, string? Field)> Problem(HttpResponseMessage answer)
    {
        var body = await Json(answer);
        var field = body.TryGetProperty("errors", out var errors) && errors.GetArrayLength() > 0
            ? $"{errors[0].GetProperty("pointer").GetString()} {errors[0].GetProperty("code").GetString()}"
            : null;
        return ((int)answer.StatusCode, body.GetProperty("code").GetString()!, field);
    }

    public static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "samples", name);
}
