using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

public sealed class OpinionTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task A_draft_is_signed_into_a_pdf_whose_hash_is_kept_and_two_events_leave()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        var signed = await Sign(offer);

        signed.GetProperty("version").GetInt32().ShouldBe(1);
        signed.GetProperty("converges").GetBoolean().ShouldBeFalse();
        var pdf = await physician.As(physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf");
        Convert.ToHexStringLower(SHA256.HashData(pdf)).ShouldBe(signed.GetProperty("sha256").GetString());
        pdf.Length.ShouldBe(signed.GetProperty("sizeBytes").GetInt32());
        using var read = ReadPdf.Of(pdf);
        var text = read.Text;
        text.ShouldContain("Dr Alix EXEMPLE-DURANCE");
        text.ShouldContain(physician.Alix.Value);
        text.ShouldContain(offer.CaseId.ToString());

        var delivered = await physician.Broker.Next<OpinionDelivered>(d => d.CaseId == offer.CaseId);
        delivered.OpinionId.ShouldBe(signed.GetProperty("opinionId").GetGuid());
        delivered.Version.ShouldBe(1);
        var outcome = await physician.Broker.Next<OpinionOutcomeRecorded>(o => o.CaseId == offer.CaseId);
        (outcome.PathologyCode, outcome.Diagnosis, outcome.Treatment, outcome.Impact).ShouldBe(("endometriose", "confirmed", "changed", "major"));
        (await physician.StateOf(offer)).ShouldBe("delivered");
    }

    [Fact]
    public void What_billing_hears_has_no_clinical_field() =>
        typeof(OpinionDelivered).GetProperties().Select(p => p.Name)
            .ShouldBe(["OpinionId", "CaseId", "PhysicianId", "Version", "DeliveredAt"], ignoreOrder: true);

    [Fact]
    public async Task Signing_is_repeated_safely_even_when_intake_is_away()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, PhysicianService.SampleOpinion(), "\"v0\"");
        var http = physician.As(physician.Alix);
        var path = $"/worklist/cases/{offer.CaseId}/opinion/sign";
        var first = await PhysicianService.Post(http, path, key: "sign-1");
        first.StatusCode.ShouldBe(HttpStatusCode.Created);

        physician.Intake.Fails = StatusCode.Unavailable;
        try
        {
            var again = await PhysicianService.Post(http, path, key: "sign-1");
            again.StatusCode.ShouldBe(HttpStatusCode.Created);
            (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        }
        finally
        {
            physician.Intake.Fails = null;
        }

        var other = await PhysicianService.Post(http, path, key: "sign-2");
        other.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await PhysicianService.Code(other)).ShouldBe("PHY-0004");
        (await physician.Scalar<int>("select count(*)::int from opinion_version join opinion using (opinion_id) where case_id = @CaseId", new { offer.CaseId }))
            .ShouldBe(1);
    }

    [Fact]
    public async Task Of_several_signatures_at_once_one_makes_the_version()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, PhysicianService.SampleOpinion(), "\"v0\"");
        var http = physician.As(physician.Alix);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PhysicianService.Post(http, $"/worklist/cases/{offer.CaseId}/opinion/sign")));

        answers.Count(a => a.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(a => a.StatusCode == HttpStatusCode.Conflict).ShouldBe(3);
        await physician.Broker.Next<OpinionDelivered>(d => d.CaseId == offer.CaseId);
        (await physician.Scalar<int>("select count(*)::int from opinion_version join opinion using (opinion_id) where case_id = @CaseId", new { offer.CaseId }))
            .ShouldBe(1);
    }

    [Fact]
    public async Task A_correction_is_a_new_version_of_the_same_opinion_and_the_first_stays_as_it_was()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        var first = await Sign(offer);
        var before = await physician.As(physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf?version=1");

        var second = await Sign(offer);

        second.GetProperty("version").GetInt32().ShouldBe(2);
        second.GetProperty("opinionId").GetGuid().ShouldBe(first.GetProperty("opinionId").GetGuid());
        (await physician.As(physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf?version=1")).ShouldBe(before);
        using var correction = ReadPdf.Of(await physician.As(physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf"));
        correction.Text.ShouldContain("corrige et remplace la version 1");
        await physician.Broker.Next<OpinionDelivered>(d => d.CaseId == offer.CaseId && d.Version == 2);
    }

    [Theory]
    [InlineData("update opinion_version set sha256 = repeat('0', 64)")]
    [InlineData("update opinion_version set pdf = ''")]
    [InlineData("delete from opinion_version")]
    [InlineData("truncate opinion_version")]
    [InlineData("update opinion set physician_id = case_id")]
    [InlineData("delete from opinion")]
    [InlineData("truncate opinion cascade")]
    public async Task No_statement_changes_a_signed_opinion(string sql)
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Sign(offer);
        await using var db = await physician.Service.Data.OpenConnectionAsync();

        (await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(sql))).MessageText.ShouldContain("immutable");
    }

    [Fact]
    public async Task What_is_written_is_unreadable_at_rest_and_bound_to_its_case()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, new { reasoning = new[] { "phrase-que-personne-ne-doit-lire" } }, "\"v0\"");
        await using var db = await physician.Service.Data.OpenConnectionAsync();
        var stored = await db.ExecuteScalarAsync<byte[]>("select content from opinion_draft where case_id = @CaseId", new { offer.CaseId });
        Encoding.UTF8.GetString(stored!).ShouldNotContain("phrase");

        var other = await physician.AssignedCase(physician.Alix);
        await Save(other, new { reasoning = new[] { "autre" } }, "\"v0\"");
        await db.ExecuteAsync("update opinion_draft set content = @stored where case_id = @CaseId", new { stored, other.CaseId });

        (await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{other.CaseId}/opinion")).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task Signing_asks_for_everything_that_is_missing_at_once()
    {
        var offer = await physician.AssignedCase(physician.Alix, "Un ?", "Deux ?");
        await Save(offer, new { answersToQuestions = new[] { "Oui." } }, "\"v0\"");

        var answer = await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString())
            .ShouldBe(["#/diagnosis", "#/treatment", "#/impact", "#/reasoning", "#/recommendations", "#/answersToQuestions"], ignoreOrder: true);
        (await physician.StateOf(offer)).ShouldBe("assigned");
    }

    [Fact]
    public async Task A_draft_is_saved_only_over_the_version_that_was_read()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var http = physician.As(physician.Alix);
        var path = $"/worklist/cases/{offer.CaseId}/opinion";

        (await PhysicianService.Put(http, path, new { }, null)).StatusCode.ShouldBe(HttpStatusCode.PreconditionRequired);
        (await PhysicianService.Put(http, path, new { }, "\"v3\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        var saved = await PhysicianService.Put(http, path, new { diagnosis = "clarified" }, "\"v0\"");
        saved.Headers.ETag!.Tag.ShouldBe("\"v1\"");
        (await PhysicianService.Put(http, path, new { }, "\"v0\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        var read = await http.GetAsync("/api/v1" + path);
        read.Headers.ETag!.Tag.ShouldBe("\"v1\"");
        (await read.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("draft").GetProperty("diagnosis").GetString().ShouldBe("clarified");
    }

    [Fact]
    public async Task Of_several_saves_at_once_one_wins()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var http = physician.As(physician.Alix);

        var answers =
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PhysicianService.Put(http, $"/worklist/cases/{offer.CaseId}/opinion", new { }, "\"v0\"")));

        answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed).ShouldBe(5);
    }

    [Theory]
    [InlineData("""{"diagnosis":"certain"}""")]
    [InlineData("""{"conclusion":"x"}""")]
    [InlineData("""{"reasoning":["a\u0007b"]}""")]
    [InlineData("""{"reasoning":[null]}""")]
    [InlineData("""{"reasoning":"a"}""")]
    public async Task A_draft_that_does_not_fit_is_refused(string json)
    {
        var offer = await physician.AssignedCase(physician.Alix);

        var answer =
            await PhysicianService.Put(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion", JsonDocument.Parse(json).RootElement, "\"v0\"");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_case_withdrawn_while_the_physician_writes_cannot_be_signed()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, PhysicianService.SampleOpinion(), "\"v0\"");
        await physician.Close(offer);

        (await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign")).StatusCode
            .ShouldBe(HttpStatusCode.NotFound);
        physician.Broker.Heard<OpinionDelivered>().ShouldNotContain(d => d.CaseId == offer.CaseId);
    }

    [Fact]
    public async Task Who_is_replaced_loses_the_case_and_the_draft_and_who_follows_begins_on_an_empty_page()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, PhysicianService.SampleOpinion(), "\"v0\"");
        await physician.Publish(new PhysicianReminded
        {
            OfferId = offer.OfferId,
            CaseId = offer.CaseId,
            PhysicianId = offer.PhysicianId,
            RemindedAt = offer.OfferedAt.AddHours(56),
            DueAt = offer.DueAt,
        });
        var reminded = (await physician.As(physician.Alix).GetFromJsonAsync<JsonElement>("/api/v1/worklist?state=assigned")).GetProperty("items")
            .EnumerateArray().Single(i => i.GetProperty("caseId").GetGuid() == offer.CaseId);
        reminded.GetProperty("remindedAt").GetDateTimeOffset().ShouldBe(offer.OfferedAt.AddHours(56), TimeSpan.FromMilliseconds(1));

        var follower = SecondOpinion.Contracts.Identifiers.Rpps.Parse("99000010209");
        var second = await physician.Offer(follower, offer.CaseId);
        await physician.Close(offer, "replaced");
        await physician.Assign(second);

        var path = $"/api/v1/worklist/cases/{offer.CaseId}/opinion";
        (await physician.As(physician.Alix).GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await physician.StateOf(offer)).ShouldBe("closed");
        var page = await physician.As(follower).GetAsync(path);
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await page.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("draft").ValueKind.ShouldBe(JsonValueKind.Null);
        (await PhysicianService.Put(physician.As(follower), $"/worklist/cases/{offer.CaseId}/opinion", new { diagnosis = "clarified" }, page.Headers.ETag!.Tag))
            .StatusCode.ShouldBe(HttpStatusCode.OK);
        // The end of the first assignment, told once more, empties nothing of the second.
        await physician.Close(offer, "replaced");
        (await physician.As(follower).GetFromJsonAsync<JsonElement>(path)).GetProperty("draft").GetProperty("diagnosis").GetString().ShouldBe("clarified");
    }

    [Fact]
    public async Task Once_an_opinion_is_signed_no_other_assignment_of_the_case_counts()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Sign(offer);
        await physician.Close(offer, "replaced");
        (await physician.StateOf(offer)).ShouldBe("delivered");

        var second = await physician.Offer(SecondOpinion.Contracts.Identifiers.Rpps.Parse("99000010209"), offer.CaseId);
        await physician.Assign(second);

        (await physician.StateOf(second)).ShouldBe("offered");
    }

    [Fact]
    public async Task Writing_is_told_as_a_sign_of_work_once_an_hour_without_a_word_of_it()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        await Save(offer, PhysicianService.SampleOpinion(), "\"v0\"");
        await Save(offer, PhysicianService.SampleOpinion(), "\"v1\"");
        await physician.Broker.Next<OpinionProgressed>(p => p.CaseId == offer.CaseId && p.PhysicianId == offer.PhysicianId);

        await physician.Scalar<object?>(
            "update worklist_item set progress_told_at = progress_told_at - interval '1 hour' where offer_id = @OfferId", new { offer.OfferId });
        await Save(offer, PhysicianService.SampleOpinion(), "\"v2\"");

        await Eventually.True(() => physician.Broker.Heard<OpinionProgressed>().Count(p => p.CaseId == offer.CaseId) == 2, "two signs of three saves");
        typeof(OpinionProgressed).GetProperties().Select(p => p.Name).ShouldBe(["CaseId", "PhysicianId", "ProgressedAt"], ignoreOrder: true);
    }

    [Fact]
    public async Task Services_fetch_the_opinion_over_grpc_and_nobody_else_does()
    {
        var offer = await physician.AssignedCase(physician.Alix, PhysicianService.SampleQuestions());
        var request = new GetOpinionRequest { CaseId = offer.CaseId.ToString() };
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20);
        using var channel = physician.Service.Grpc(TestTokens.Service("intake"));
        var opinions = new Opinions.OpinionsClient(channel);
        (await Should.ThrowAsync<RpcException>(async () => await opinions.GetAsync(request, deadline: deadline))).StatusCode.ShouldBe(StatusCode.NotFound);
        var signed = await Sign(offer);

        var opinion = await opinions.GetAsync(request, deadline: deadline);
        using var bytes = new MemoryStream();
        using var call = opinions.Download(request, deadline: deadline);
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            chunk.Data.Length.ShouldBeLessThanOrEqualTo(64 * 1024);
            chunk.Data.WriteTo(bytes);
        }

        opinion.PhysicianDisplayName.ShouldBe("Dr Alix EXEMPLE-DURANCE");
        (opinion.Diagnosis, opinion.Treatment, opinion.Impact).ShouldBe(("confirmed", "changed", "major"));
        opinion.Sha256.ShouldBe(signed.GetProperty("sha256").GetString());
        Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())).ShouldBe(opinion.Sha256);
        (await physician.Scalar<int>("select count(*)::int from audit_record where object_id = @Id and actor_role = 'service'", new { Id = opinion.OpinionId }))
            .ShouldBe(2);

        foreach (var role in Roles.All.Where(r => r is not (Roles.Service or Roles.Physician)))
        {
            using var other = physician.Service.Grpc(TestTokens.Of(role));
            (await Should.ThrowAsync<RpcException>(async () => await new Opinions.OpinionsClient(other).GetAsync(request, deadline: deadline))).StatusCode
                .ShouldBe(StatusCode.PermissionDenied);
        }
    }

    private async Task<JsonElement> Sign(CaseOffered offer)
    {
        var http = physician.As(physician.Alix);
        var read = await http.GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion");
        await Save(offer, PhysicianService.SampleOpinion(), read.Headers.ETag!.Tag);
        var signed = await PhysicianService.Post(http, $"/worklist/cases/{offer.CaseId}/opinion/sign");
        signed.StatusCode.ShouldBe(HttpStatusCode.Created, await signed.Content.ReadAsStringAsync());
        return await signed.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task Save(CaseOffered offer, object opinion, string ifMatch) =>
        (await PhysicianService.Put(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion", opinion, ifMatch)).StatusCode
            .ShouldBe(HttpStatusCode.OK);
}
