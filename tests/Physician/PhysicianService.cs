using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

/// <summary>The physician service with its sample référents and a stand-in for intake, and sentences to play matching.</summary>
public sealed class PhysicianService : IAsyncLifetime
{
    private ServiceUnderTest<Program> _service = null!;

    public static readonly IReadOnlyDictionary<string, string?> Keys = new Dictionary<string, string?>
    {
        ["Encryption:CurrentKey"] = "k1",
        ["Encryption:Keys:k1"] = Convert.ToBase64String("thirty-two bytes for tests only!"u8),
        ["Seal:Certificate"] = TestCertificate.Sealing(),
    };

    public FakeIntake Intake { get; private set; } = null!;

    /// <summary>On top, before the start.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    /// <summary>The service's clock, when a test sets it before the start; else the real one.</summary>
    public ManualTime? Time { get; set; }

    public ServiceUnderTest<Program> Service => _service;

    public TestBroker Broker => _service.Broker;

    public Rpps Alix { get; } = Rpps.Parse("99000010019");

    public Rpps Noé { get; } = Rpps.Parse("99000010027");

    public async ValueTask InitializeAsync()
    {
        Intake = await FakeIntake.Start();
        _service = await ServiceUnderTest<Program>.Start(
            "physician",
            new Dictionary<string, string?>(Keys.Concat(Settings).ToDictionary(s => s.Key, s => s.Value))
            {
                ["SampleData:Enabled"] = "true",
                ["services:intake:grpc:0"] = Intake.Address.AbsoluteUri,
                ["services:billing:grpc:0"] = Intake.Address.AbsoluteUri,
            },
            services =>
            {
                if (Time is { } time)
                {
                    services.AddSingleton<TimeProvider>(time);
                }
            });
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await Intake.DisposeAsync();
    }

    public HttpClient As(Rpps rpps) => _service.Http(TestTokens.Physician(rpps));

    /// <summary>One of the eight members of the scientific council, by number.</summary>
    public HttpClient Member(int number) => Member(_service, number);

    public static HttpClient Member(ServiceUnderTest<Program> service, int number) => service.Http(TestTokens.Create(Roles.Council, $"council-{number}"));

    public async Task<Guid> Apply(Rpps rpps)
    {
        var answer = await TryApply(rpps);
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("applicationId").GetGuid();
    }

    public Task<HttpResponseMessage> TryApply(Rpps rpps) => Post(Member(1), "/physicians/applications", new
    {
        rpps = rpps.Value,
        displayName = "Dr Nour EXEMPLE-MARNE",
        specialtyCode = "SM20",
        pathologyCodes = new[] { "endometriose" },
        establishments = new[] { "759999907" },
        capacity = 3,
        evidence = "Centre de référence, 200 patientes par an.",
    });

    /// <summary>As the council would: reviewed by two, and five votes for.</summary>
    public async Task Admit(Rpps rpps)
    {
        var id = await Apply(rpps);
        foreach (var reviewer in Enumerable.Range(1, 2))
        {
            (await Put(Member(reviewer), $"/physicians/applications/{id}/review", new { recommendation = "admit", reasons = "Bien." }, null))
                .EnsureSuccessStatusCode();
        }

        foreach (var member in Enumerable.Range(1, 5))
        {
            (await Put(Member(member), $"/physicians/applications/{id}/vote", new { vote = "for" }, null)).EnsureSuccessStatusCode();
        }

        (await Post(Member(1), $"/physicians/applications/{id}/decision")).EnsureSuccessStatusCode();
    }

    public HttpClient As(string role) => _service.Http(TestTokens.Of(role));

    public async Task<CaseOffered> Offer(
        Rpps rpps, Guid? caseId = null, TimeSpan? life = null, Func<CaseOffered, CaseOffered>? change = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var offered = new CaseOffered
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = caseId ?? Guid.CreateVersion7(),
            PhysicianId = rpps.PhysicianId,
            PathologyCode = "endometriose",
            Rank = 1,
            OfferedAt = now,
            ExpiresAt = now + (life ?? TimeSpan.FromHours(24)),
            DueAt = now.AddDays(7),
        };
        offered = change?.Invoke(offered) ?? offered;
        await Publish(offered);
        return offered;
    }

    public Task Assign(CaseOffered offer) => Publish(new CaseAssigned
    {
        OfferId = offer.OfferId,
        CaseId = offer.CaseId,
        PhysicianId = offer.PhysicianId,
        AssignedAt = TimeProvider.System.GetUtcNow(),
    });

    public Task Close(CaseOffered offer, string reason = "withdrawn") => Publish(new OfferClosed
    {
        OfferId = offer.OfferId,
        CaseId = offer.CaseId,
        PhysicianId = offer.PhysicianId,
        Reason = reason,
        ClosedAt = TimeProvider.System.GetUtcNow(),
    });

    /// <summary>A case that is this physician's, with its file in intake.</summary>
    public async Task<CaseOffered> AssignedCase(Rpps rpps, params string[] questions)
    {
        var offer = await Offer(rpps);
        Intake.Hold(offer.CaseId, questions);
        await Assign(offer);
        return offer;
    }

    /// <summary>Publishes and waits until each handler of the service has done with it.</summary>
    public async Task Publish<T>(T message, Guid? messageId = null) where T : class
    {
        var id = messageId ?? Guid.CreateVersion7();
        await Broker.Publish(message, id);
        var handlers = typeof(Program).Assembly.GetTypes().Count(type => type.IsAssignableTo(typeof(IHandle<T>)));
        await Eventually.True(
            async () => await Scalar<long>("select count(*) from inbox where message_id = @id", new { id }) >= handlers, $"the {typeof(T).Name} is consumed");
    }

    public async Task<T> Scalar<T>(string sql, object? parameters = null)
    {
        await using var db = await _service.Data.OpenConnectionAsync();
        return (await db.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public Task<string> StateOf(CaseOffered offer) => Scalar<string>("select state from worklist_item where offer_id = @OfferId", new { offer.OfferId });

    public static async Task<HttpResponseMessage> Post(HttpClient http, string path, object? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1{path}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key ?? Guid.CreateVersion7().ToString());
        return await http.SendAsync(request);
    }

    public static async Task<HttpResponseMessage> Put(HttpClient http, string path, object body, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1{path}") { Content = JsonContent.Create(body) };
        if (ifMatch is not null)
        {
            request.Headers.Add("If-Match", ifMatch);
        }

        return await http.SendAsync(request);
    }

    public static async Task<string?> Code(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();

    /// <summary>Complete, and with a reason, so that it can be signed as a correction, too; change what the test is about.</summary>
    public static object SampleOpinion(Action<JsonObject>? change = null)
    {
        var opinion = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "opinion.json")))!.AsObject();
        opinion.Remove("fictitious");
        opinion.Remove("dialogue");
        opinion["correctionReason"] = "Une date était fausse.";
        change?.Invoke(opinion);
        return opinion;
    }

    public static string[] SampleQuestions()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "questions.json")));
        return [.. file.RootElement.GetProperty("questions").EnumerateArray().Select(q => q.GetString()!)];
    }
}
