using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Matching;

/// <summary>The matching service with a clock of its own, and sentences to play the other services.</summary>
public sealed class MatchingService : IAsyncLifetime
{
    private ServiceUnderTest<Program> _service = null!;

    public ManualTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    public TestBroker Broker => _service.Broker;

    public Npgsql.NpgsqlDataSource Data => _service.Data;

    public async ValueTask InitializeAsync() => _service = await ServiceUnderTest<Program>.Start(
        "matching",
        new Dictionary<string, string?> { ["Matching:SweepInterval"] = "00:00:00.200" },
        services => services.AddSingleton<TimeProvider>(Time));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    public HttpClient Http(string role) => _service.Http(TestTokens.Of(role));

    public ServiceUnderTest<Program> Service => _service;

    internal AdvanceDueCases AdvanceDueCases() =>
        _service.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<AdvanceDueCases>().Single();

    /// <summary>A pathology of its own, so that tests of one class do not meet each other's experts.</summary>
    public static string Pathology() => $"p-{Guid.CreateVersion7():n}";

    public async Task<Guid> Admit(string pathology, int capacity = 5, string[]? establishments = null, string specialty = "SM20")
    {
        var physicianId = Guid.CreateVersion7();
        await Broker.Publish(Admitted(physicianId, pathology, capacity, establishments, specialty));
        await Eventually.True(
            () => Scalar<bool>("select exists (select from expert where physician_id = @physicianId and profile_at is not null)", new { physicianId }),
            "the profile is kept");
        return physicianId;
    }

    public PhysicianAdmitted Admitted(Guid physicianId, string pathology, int capacity = 5, string[]? establishments = null, string specialty = "SM20") => new()
    {
        PhysicianId = physicianId,
        SpecialtyCode = specialty,
        PathologyCodes = [pathology],
        Establishments = establishments ?? [],
        Capacity = capacity,
        AdmittedAt = Time.GetUtcNow(),
    };

    public async Task<Guid> Complete(string pathology, string? treating = null, string specialty = "SM20")
    {
        var completed = Completed(pathology, treating, specialty);
        await Broker.Publish(completed);
        return completed.CaseId;
    }

    public CaseCompleted Completed(string pathology, string? treating = null, string specialty = "SM20", TimeSpan? left = null) => new()
    {
        CaseId = Guid.CreateVersion7(),
        PathologyCode = pathology,
        SpecialtyCode = specialty,
        TreatingEstablishment = treating,
        SubmittedAt = Time.GetUtcNow(),
        CompletedAt = Time.GetUtcNow(),
        DueAt = Time.GetUtcNow() + (left ?? TimeSpan.FromDays(7)),
    };

    public Task<CaseOffered> Offered(Guid caseId, int rank = 1) => Broker.Next<CaseOffered>(o => o.CaseId == caseId && o.Rank == rank);

    public OfferAccepted Accepted(CaseOffered offer) =>
        new() { OfferId = offer.OfferId, CaseId = offer.CaseId, PhysicianId = offer.PhysicianId, AcceptedAt = Time.GetUtcNow() };

    public OfferDeclined Declined(CaseOffered offer) =>
        new() { OfferId = offer.OfferId, CaseId = offer.CaseId, PhysicianId = offer.PhysicianId, Reason = "unavailable", DeclinedAt = Time.GetUtcNow() };

    public OpinionDelivered Delivered(CaseOffered offer) =>
        new() { OpinionId = Guid.CreateVersion7(), CaseId = offer.CaseId, PhysicianId = offer.PhysicianId, Version = 1, DeliveredAt = Time.GetUtcNow() };

    public async Task Decline(CaseOffered offer) => await Broker.Publish(Declined(offer));

    public async Task<T> Scalar<T>(string sql, object? parameters = null)
    {
        await using var db = await Data.OpenConnectionAsync();
        return (await db.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public Task WaitForState(Guid caseId, string state) => Eventually.True(
        async () => await Scalar<string?>("select state from matching_case where case_id = @caseId", new { caseId }) == state, $"the case is {state}");

    public async Task<JsonElement> Show(Guid caseId) => await Http(Roles.Ops).GetFromJsonAsync<JsonElement>($"/api/v1/matching/cases/{caseId}");

    public async Task WaitUntilConsumed(Guid messageId) => await Eventually.True(
        async () => await Scalar<bool>("select exists (select from inbox where message_id = @messageId)", new { messageId }), "the message is consumed");
}
