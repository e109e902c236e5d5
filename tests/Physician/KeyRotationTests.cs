using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

/// <summary>The key that physician shares with intake is exchanged: drafts and signed opinions stay readable.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private readonly PhysicianService _physician = new();

    public ValueTask InitializeAsync() => _physician.InitializeAsync();

    public ValueTask DisposeAsync() => _physician.DisposeAsync();

    [Fact]
    public async Task After_a_rotation_the_former_key_leaves_and_drafts_and_opinions_are_still_read()
    {
        var written = await _physician.AssignedCase(_physician.Alix, PhysicianService.SampleQuestions());
        await Save(written.CaseId);
        var signed = await _physician.AssignedCase(_physician.Alix, PhysicianService.SampleQuestions());
        await Save(signed.CaseId);
        (await PhysicianService.Post(_physician.As(_physician.Alix), $"/worklist/cases/{signed.CaseId}/opinion/sign")).StatusCode
            .ShouldBe(HttpStatusCode.Created);

        await _physician.Service.Stop();
        await _physician.Service.Start(new Dictionary<string, string?>
        {
            ["Encryption:Keys:k2"] = Convert.ToBase64String("other thirty-two bytes for tests"u8),
            ["Encryption:CurrentKey"] = "k2",
        });
        await Eventually.True(() => _physician.Scalar<bool>("select not exists (select from case_key where key_version = 'k1')"), "every key is wrapped anew");
        await _physician.Service.Stop();
        await _physician.Service.Start(new Dictionary<string, string?> { ["Encryption:Keys:k1"] = "" });

        var draft = await _physician.As(_physician.Alix).GetFromJsonAsync<JsonElement>($"/api/v1/worklist/cases/{written.CaseId}/opinion");
        draft.GetProperty("draft").GetProperty("diagnosis").GetString().ShouldBe("confirmed");
        (await _physician.As(_physician.Alix).GetAsync($"/api/v1/worklist/cases/{signed.CaseId}/opinion.pdf")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Of_an_erased_case_nothing_opens_any_more_and_others_do()
    {
        var kept = await _physician.AssignedCase(_physician.Alix, PhysicianService.SampleQuestions());
        var erased = await _physician.AssignedCase(_physician.Alix, PhysicianService.SampleQuestions());
        foreach (var offer in (CaseOffered[])[kept, erased])
        {
            await Save(offer.CaseId);
            (await PhysicianService.Post(_physician.As(_physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign")).StatusCode
                .ShouldBe(HttpStatusCode.Created);
        }

        await _physician.Broker.Publish(new CaseErased { CaseId = erased.CaseId, Reason = "retention", ErasedAt = DateTimeOffset.UtcNow });
        await Eventually.True(
            () => _physician.Scalar<bool>("select not exists (select from case_key where case_id = @CaseId)", new { erased.CaseId }), "the key is destroyed");

        (await _physician.Scalar<int>("select count(*)::int from opinion where case_id = @CaseId", new { erased.CaseId })).ShouldBe(1);
        (await _physician.As(_physician.Alix).GetAsync($"/api/v1/worklist/cases/{kept.CaseId}/opinion.pdf")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_opinion_that_was_sealed_when_places_were_written_otherwise_is_still_read()
    {
        var offer = await _physician.AssignedCase(_physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer.CaseId);
        (await PhysicianService.Post(_physician.As(_physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign")).StatusCode
            .ShouldBe(HttpStatusCode.Created);
        await using var db = await _physician.Service.Data.OpenConnectionAsync();
        var wrapped = await db.ExecuteScalarAsync<byte[]>("select wrapped_key from case_key where case_id = @CaseId", new { offer.CaseId });
        var key = Envelope.Open("thirty-two bytes for tests only!"u8, wrapped, $"case_key|wrapped_key|{offer.CaseId}|k1");
        await db.ExecuteAsync("alter table opinion_version disable trigger opinion_version_immutable");
        await db.ExecuteAsync(
            "update opinion_version set pdf = @Pdf where opinion_id = (select opinion_id from opinion where case_id = @CaseId)",
            new { offer.CaseId, Pdf = Envelope.Seal(key, "%PDF of last year"u8, $"opinion_version|pdf|1|{offer.CaseId}") });

        (await _physician.As(_physician.Alix).GetStringAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf")).ShouldBe("%PDF of last year");
    }

    private async Task Save(Guid caseId) => (await PhysicianService.Put(
        _physician.As(_physician.Alix), $"/worklist/cases/{caseId}/opinion", PhysicianService.SampleOpinion(), "\"v0\"")).StatusCode
        .ShouldBe(HttpStatusCode.OK);
}
